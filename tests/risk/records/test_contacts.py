"""Contacts: written once, refused where wrong, taken back for an hour, and never lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from perdura.risk.records.contacts import (
    UNDO_FOR,
    BadContact,
    Contact,
    HeldOut,
    NoContact,
    NotYours,
    OtherContact,
    TooLate,
    contacts_of,
    log_contact,
    undo_contact,
)
from perdura.risk.schema.assignments import ASSIGNMENTS
from perdura.risk.store.connect import reading, writing
from tests.support.made_up_nights import publish_night

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def url(store_url: str) -> str:
    """A table where ann is scored, and bob too, but held out."""
    bands = {"ann": "high", "bob": "high"}
    publish_night(store_url, date(2026, 11, 27), bands, held_out={"ann": False, "bob": True})
    return store_url


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


@pytest.mark.parametrize("action", ["called", "mailed", "offered"])
def test_a_contact_with_the_control_group_is_refused_unless_forced_with_a_reason(url, action):
    bob = {"subscriber_id": "bob", "action": action}
    with pytest.raises(HeldOut, match="control group"):
        log(url, **bob)
    with pytest.raises(HeldOut, match="control group"):
        log(url, **bob, reason="They called us")  # not forced
    for reason in (None, "", " \n"):
        with pytest.raises(BadContact, match="without a reason"):
            log(url, **bob, force=True, reason=reason)
    assert all_of(url, "bob") == []
    forced = log(url, **bob, force=True, reason="They called us")
    assert (forced.forced, forced.reason) == (True, "They called us")
    assert not log(url, action=action, force=True).forced  # nothing was in the way of it
    assert not log(url, subscriber_id="bob", action="left_alone").forced


@pytest.mark.parametrize("who", [" bob", "bob ", "bob\n", "\tbob "])
def test_a_blank_beside_the_id_does_not_lead_around_the_control_group(url, who):
    with pytest.raises(HeldOut):
        log(url, subscriber_id=who)
    assert log(url, subscriber_id=who.replace("bob", "ann")).subscriber_id == "ann"


def test_an_id_that_nights_have_with_a_blank_is_itself(url):
    publish_night(url, date(2026, 11, 28), {"bob ": "high"})
    assert log(url, subscriber_id="bob ").subscriber_id == "bob "


def test_the_control_group_stays_so_for_its_quarter_when_it_is_no_longer_scored(url):
    with writing(url) as connection:
        for who, season in (("cid", "2026-Q4"), ("dee", "2026-Q3")):
            values = {"subscriber_id": who, "season": season, "drawn_at": NOW, "held_out": True}
            connection.execute(sa.insert(ASSIGNMENTS).values(values))
    with pytest.raises(HeldOut):
        log(url, subscriber_id="cid")
    assert not log(url, subscriber_id="dee").forced


def test_a_contact_is_undone_by_who_logged_it_or_by_everybody_s(url):
    contact = log(url, by="Ana")
    with pytest.raises(NotYours, match="admin"), writing(url) as connection:
        undo_contact(connection, contact.contact_id, by="Ben", now=NOW)
    assert all_of(url, "ann") == [contact]
    with writing(url) as connection:
        assert undo_contact(connection, contact.contact_id, by="Ana", now=NOW).undone_at


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


def test_of_two_who_tell_the_same_at_once_one_writes_and_both_are_answered_alike(url):
    key = str(uuid4())
    with ThreadPoolExecutor(8) as desks:
        told = [desks.submit(log, url, contact_id=key, happened_at=NOW) for _ in range(16)]
        assert len({each.result() for each in told}) == 1
    assert len(all_of(url, "ann")) == 1


def test_contacts_written_while_a_night_is_published_wait_and_none_is_lost(url):
    """SQLite has one writer at a time; whoever was answered is there."""
    people = {f"subscriber {n}": "low" for n in range(20_000)}
    with ThreadPoolExecutor(8) as desks:
        night = desks.submit(publish_night, url, date(2026, 11, 28), people)
        told = [desks.submit(log, url) for _ in range(40)]
        night.result()
    assert {each.result() for each in told} == {*all_of(url, "ann")}
