"""Whoever was erased stays so: no id of theirs is written again, whichever way it comes in."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx
import pytest

from perdura.flows.erasure.erase import accounts_named, forget
from perdura.flows.settings import Settings
from perdura.flows.steps.erased_ids import share_erasures
from perdura.flows.steps.extract_sources import extract_sources
from perdura.risk.out.deliveries import queue_moves
from perdura.risk.records.audit import AuditEntry, newest, write
from perdura.risk.records.contacts import NoSubscriber, contacts_of, log_contact
from perdura.risk.records.erase import erase
from perdura.risk.records.erased import erased_among
from perdura.risk.store.connect import reading, writing
from perdura.sources.landing.tombstones import read_tombstones, record_erasure
from tests.risk.desk.test_desk import proof, signed_in
from tests.risk.test_table import put, score, scores
from tests.support.api_served import asking, at_work

TODAY = datetime.now(UTC).date()
GONE = "sub_0042"
UNKNOWN = "sub_9999"


@pytest.fixture
def settings(tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with a night of three people, of whom nobody was erased."""
    monkeypatch.setenv("PERDURA_RISK_URL", store_url)
    monkeypatch.setenv("PERDURA_HOME", str(tmp_path))
    put(scores(score(GONE, 0.4, mrr=900), score("ann", 0.3, mrr=900)), store_url, TODAY)
    return Settings()


def contact(who: str) -> dict[str, Any]:
    return {"contact_id": str(uuid4()), "subscriber_id": who, "action": "called"}


def main(page: httpx.Response) -> str:
    """What a page says, without the forms around it."""
    return page.text.partition("<main")[2].partition("</main>")[0]


def named(settings: Settings, who: str) -> bool:
    """Whether any table of the risk table's database names somebody."""
    from perdura.flows.erasure.erase import look_for

    return bool(look_for(settings, [who]).found)


@pytest.fixture
def api(settings: Settings) -> Iterator[httpx.Client]:
    with asking(settings.risk_url, "read", "contact", "admin") as client:
        yield client


def test_a_contact_of_somebody_erased_is_answered_as_of_somebody_unknown(
    settings: Settings, api: httpx.Client
):
    before = api.post("/v1/contacts", json=contact(GONE)).json()["contact"]
    forget(settings, [GONE])
    refused = api.post("/v1/contacts", json=contact(GONE))
    unknown = api.get(f"/v1/subscribers/{UNKNOWN}")
    assert refused.status_code == unknown.status_code == 404
    assert refused.json()["detail"] == unknown.json()["detail"]
    undone = api.post(f"/v1/contacts/{before['contact_id']}/undo")
    assert undone.status_code == 404
    again = api.post("/v1/contacts", json=before | contact(GONE))
    assert again.status_code == 422  # fields that only an answer has
    assert api.post("/v1/contacts", json=contact("ann")).status_code == 200
    assert not named(settings, GONE)


def test_an_old_tab_of_the_desk_says_that_there_is_nobody_with_this_id(settings: Settings):
    from perdura.risk.api.app import Served, app_of
    from tests.support.api_served import token

    held = token(settings.risk_url, "read", "contact", name="Ana")
    with (
        at_work(app_of(Served(url=settings.risk_url))) as base,
        signed_in(base, held) as desk,
    ):
        form = {"action": "called", "contact_id": str(uuid4()), "csrf": proof(desk)}
        forget(settings, [GONE])
        answer = desk.post("/desk/contact", params={"id": GONE}, data=form)
        page = desk.get("/desk/subscriber", params={"id": UNKNOWN})
    assert answer.status_code == page.status_code == 404
    assert main(answer).replace(GONE, UNKNOWN) == main(page)
    assert not named(settings, GONE)


def test_the_audit_keeps_a_pseudonym_of_whom_it_was_asked_about(
    settings: Settings, api: httpx.Client
):
    forget(settings, [GONE])
    hidden = "forgotten:" + read_tombstones(settings.landing_folder).hash_of(GONE)
    asked = api.get("/v1/audit", params={"subscriber_id": GONE})
    assert asked.json()["rows"] == []
    late: dict[str, Any] = {"token_id": "t", "token_name": "desk", "what": "list"}
    with writing(settings.risk_url) as connection:
        listed = AuditEntry(**late, detail={"people": [GONE, "ann"]})
        write(connection, [listed, AuditEntry(**late, subscriber_id=GONE)])
        kept = newest(connection, subscriber_id=hidden)
    assert {entry["subscriber_id"] for entry in kept} == {hidden, None}
    assert [e["detail"]["people"] for e in kept if e["detail"]] == [[hidden, "ann"]]
    assert not named(settings, GONE)


def test_a_contact_that_is_being_written_while_an_erasure_begins_goes_with_it(settings: Settings):
    with writing(settings.risk_url) as connection:
        log_contact(connection, by="desk", **contact(GONE))
        erasing = Thread(target=forget, args=(settings, [GONE]))
        erasing.start()
        erasing.join(1.0)
        assert erasing.is_alive()  # it waits for the contact
    erasing.join(30.0)
    assert not erasing.is_alive()
    assert not named(settings, GONE)


def test_a_contact_that_comes_while_a_long_erasure_runs_is_refused(settings: Settings):
    buried = record_erasure(settings.landing_folder, [GONE], TODAY)
    assert share_erasures(settings.landing_folder, settings.risk_url) == 1
    with writing(settings.risk_url) as connection, pytest.raises(NoSubscriber):
        log_contact(connection, by="desk", **contact(GONE))
    erase(settings.risk_url, accounts_named([GONE], buried))
    assert not named(settings, GONE)


def test_a_move_of_somebody_who_is_being_erased_is_told_to_no_webhook(settings: Settings):
    put(
        scores(score(GONE, 0.01, mrr=900), score("ann", 0.01, mrr=900)),
        settings.risk_url,
        TODAY - timedelta(days=1),
    )
    put(scores(score(GONE, 0.4, mrr=900), score("ann", 0.3, mrr=900)), settings.risk_url, TODAY)
    record_erasure(settings.landing_folder, [GONE], TODAY)
    share_erasures(settings.landing_folder, settings.risk_url)
    with writing(settings.risk_url) as connection:
        assert queue_moves(connection, ["https://example.com/x"], datetime.now(UTC)) == 1


def test_erasures_of_an_older_version_are_made_known_by_the_next_night_or_server(
    settings: Settings,
):
    record_erasure(settings.landing_folder, [GONE], date(2026, 1, 1))
    assert [share_erasures(settings.landing_folder, settings.risk_url) for _ in range(2)] == [1, 0]
    with reading(settings.risk_url) as connection:
        assert erased_among(connection, [GONE, "ann"]).keys() == {GONE}


def test_a_contact_in_a_restored_risk_table_never_lands(company: Path, tmp_path: Path):
    home = tmp_path / "home"
    settings = Settings(home=home)
    put(scores(score("s00001", 0.4, mrr=900)), settings.risk_url, TODAY)
    with writing(settings.risk_url) as connection:
        for who in ("s00001", "s00002"):
            told: Any = contact(who) | {"by": "desk", "now": datetime(2026, 10, 1, tzinfo=UTC)}
            log_contact(connection, **told)
    record_erasure(settings.landing_folder, ["s00001"], TODAY)
    report = extract_sources(company / "mapping.toml", date(2026, 11, 1), home)
    (contacts,) = (each for each in report.tables if each.table == "contacts")
    assert contacts.rejected.get("forgotten", 0) >= 1
    with reading(settings.risk_url) as connection:
        assert contacts_of(connection, "s00002")
