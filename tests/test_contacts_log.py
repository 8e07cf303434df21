"""Contacts: written once, refused where wrong, taken back for an hour, and never lost."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest

from risk.contacts import (
    UNDO_FOR,
    BadContact,
    Contact,
    HeldOut,
    NoContact,
    OtherContact,
    TooLate,
    contacts_of,
    log_contact,
    undo_contact,
)
from risk.store import reading, writing
from risk.table import publish

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A table where ann is scored, and bob too, but held out."""
    url = f"sqlite:///{tmp_path / 'risk.db'}"
    held_out = {"ann": False, "bob": True}
    rows = [
        {
            "subscriber_id": who, "state": "active", "risk": 0.5, "risk_voluntary": 0.4,
            "risk_payment": 0.1, "mrr": 1000, "currency": "EUR", "reasons": [], "action": "call",
            "action_text": "Call", "held_out": held,
        }
        for who, held in held_out.items()
    ]  # fmt: skip
    publish(pl.DataFrame(rows), url, scored_on=date(2026, 11, 27), model_version="1")
    return url


def log(url: str, **told: Any) -> Contact:
    called: dict[str, Any] = {"subscriber_id": "ann", "action": "called", "by": "desk", "now": NOW}
    with writing(url, durable=True) as connection:
        return log_contact(connection, **{"contact_id": str(uuid4()), **called, **told})


def undo(url: str, contact_id: str, after: timedelta) -> Contact:
    with writing(url, durable=True) as connection:
        return undo_contact(connection, contact_id, now=NOW + after)


def all_of(url: str, who: str) -> list[Contact]:
    with reading(url) as connection:
        return contacts_of(connection, who)


def test_a_contact_is_kept_as_it_was_told_and_known_when_written(url):
    told = log(url, happened_at=NOW - timedelta(hours=2), note="Asked about <b>prices</b>'; --")
    assert (told.known_at, told.forced, told.undone_at) == (NOW, False, None)
    assert all_of(url, "ann") == [told]


def test_without_a_moment_it_happened_now(url):
    assert log(url).happened_at == NOW


def test_told_twice_is_once_and_known_when_first_written(url):
    first = log(url, happened_at=NOW - timedelta(hours=1))
    later = {"now": NOW + timedelta(minutes=5), "contact_id": first.contact_id}
    assert log(url, happened_at=NOW - timedelta(hours=1), **later) == first
    assert log(url, **later) == first  # leaving the moment out says nothing else about it
    assert len(all_of(url, "ann")) == 1


@pytest.mark.parametrize(
    "other",
    [{"action": "mailed"}, {"subscriber_id": "bob"}, {"note": "again"}, {"by": "somebody"},
     {"happened_at": NOW - timedelta(seconds=1)}],
)  # fmt: skip
def test_another_content_under_the_same_id_is_refused(url, other):
    first = log(url)
    with pytest.raises(OtherContact, match=f"another {next(iter(other))}"):
        log(url, contact_id=first.contact_id, **other)
    assert all_of(url, "ann") == [first]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"action": "shouted"}, "called, mailed, offered, left_alone"),
        ({"contact_id": "1"}, "UUID"),
        ({"subscriber_id": ""}, "1 to 1,000"),
        ({"subscriber_id": "x" * 10_000}, "10,000"),
        ({"subscriber_id": "a\0"}, "NUL"),
        ({"note": "x" * 2_001}, "2,001"),
        ({"note": "a\0"}, "NUL"),
        ({"note": "\ud800"}, "half a character"),
        ({"happened_at": NOW + timedelta(seconds=1)}, "leave it out"),
        ({"happened_at": NOW.replace(tzinfo=None)}, "time zone"),
    ],
)
def test_what_is_no_contact_is_refused_in_words(url, wrong, says):
    with pytest.raises(BadContact, match=says):
        log(url, **wrong)
    assert all_of(url, "ann") == []


def test_an_offer_to_somebody_held_out_is_refused_unless_forced_which_is_kept(url):
    with pytest.raises(HeldOut, match="comparison group"):
        log(url, subscriber_id="bob", action="offered")
    assert all_of(url, "bob") == []
    assert log(url, subscriber_id="bob", action="offered", force=True).forced
    assert not log(url, action="offered", force=True).forced  # nothing was in the way of it
    assert not log(url, subscriber_id="bob", action="left_alone").forced


def test_the_newest_comes_first(url):
    moments = [NOW - timedelta(hours=hours) for hours in (2, 3, 1)]
    for moment in moments:
        log(url, happened_at=moment)
    assert [each.happened_at for each in all_of(url, "ann")] == sorted(moments, reverse=True)


def test_undone_twice_is_undone_once(url):
    contact = log(url)
    first = undo(url, contact.contact_id, timedelta(minutes=5))
    assert first.undone_at == NOW + timedelta(minutes=5)
    assert undo(url, contact.contact_id, timedelta(hours=5)) == first
    assert all_of(url, "ann") == [first]


def test_what_has_stood_for_an_hour_stands(url):
    contact = log(url)
    with pytest.raises(TooLate, match="60 minutes"):
        undo(url, contact.contact_id, UNDO_FOR)
    assert all_of(url, "ann") == [contact]
    assert undo(url, contact.contact_id, UNDO_FOR - timedelta(seconds=1)).undone_at


def test_what_was_never_written_cannot_be_undone(url):
    with pytest.raises(NoContact):
        undo(url, str(uuid4()), timedelta(0))
