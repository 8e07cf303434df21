"""What support wrote becomes events: known when written, once it stands, and never if undone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from perdura.flows.configuration.dates import midnight
from perdura.flows.configuration.groups import RiskTableSettings
from perdura.flows.settings import Settings
from perdura.flows.steps.contact_events import contact_events, written_events
from perdura.models.dataset.labels import contacted_before_settled, contract_labels
from perdura.risk.records.assignments import assign
from perdura.risk.records.contacts import log_contact, undo_contact
from perdura.risk.store.connect import writing
from perdura.sources.events import CONTACTS
from perdura.sources.extract import extract
from perdura.sources.mapping.mapping import BadMapping
from tests.support.made_up_nights import publish_night

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
MAPPING = '[subscriptions]\nfile = "subscriptions.parquet"\n'
WITH_CONTACTS = f'{MAPPING}[contacts]\nfile = "crm.parquet"\n'
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def home(tmp_path: Path, store_url: str) -> Settings:
    """A home of ann, who subscribes; nothing has landed."""
    began = {"subscriber_id": "ann", "happened_at": NOW - 90 * DAY, "kind": "started"}
    rows = pl.DataFrame([began | {"known_at": NOW - 90 * DAY, "subscription_id": "s"}])
    rows.write_parquet(tmp_path / "subscriptions.parquet")
    return Settings(home=tmp_path, risk_table=RiskTableSettings(url=store_url))


def write(home: Settings, at: datetime, action: str = "called", who: str = "ann") -> str:
    key = str(uuid4())
    with writing(home.risk_url, durable=True) as connection:
        log_contact(
            connection,
            contact_id=key,
            subscriber_id=who,
            action=action,
            by="desk",
            note="secret",
            now=at,
        )
    return key


def land(home: Settings, until: datetime, now: datetime | None = None, mapping: str = MAPPING):
    file = home.home / "mapping.toml"
    file.write_text(mapping)
    with written_events(home.home, home.risk_url, now or until) as beside:
        return extract(file, until=until, landing=home.landing, beside=beside)


def landed(home: Settings) -> list[tuple[object, ...]]:
    rows = home.landing.events()[CONTACTS.name].collect()
    return rows.sort("happened_at", "kind").rows()


def test_a_contact_is_an_event_known_when_written(home):
    write(home, NOW)
    land(home, NOW + HOUR * 2)
    assert landed(home) == [("ann", NOW, NOW, "contacted", "called", "desk")]


def test_kinds_are_those_of_the_pipeline_and_leaving_alone_is_none(home):
    for minute, action in enumerate(("called", "mailed", "offered", "left_alone")):
        write(home, NOW + timedelta(minutes=minute), action)
    land(home, NOW + DAY)
    assert [row[3:5] for row in landed(home)] == [
        ("contacted", "called"), ("contacted", "mailed"), ("offered", "offered"),
    ]  # fmt: skip


def test_notes_never_leave_the_table(home):
    write(home, NOW)
    land(home, NOW + DAY)
    files = [path for path in home.home.rglob("*") if path.is_file()]
    holding = {path.name.partition("-")[0] for path in files if b"secret" in path.read_bytes()}
    assert holding <= {"risk.db"}


def test_what_can_still_be_undone_has_not_landed_and_is_known_when_it_could_be_read(home):
    write(home, NOW)
    land(home, NOW + HOUR)
    assert landed(home) == []
    land(home, NOW + DAY)
    assert landed(home) == [("ann", NOW, NOW, "contacted", "called", "desk")]


def test_a_contact_that_lands_late_is_known_from_the_extract_that_could_have_read_it(home):
    write(home, NOW)
    land(home, NOW + 3 * HOUR)
    write(home, NOW + 2.5 * HOUR)
    land(home, NOW + DAY)
    assert [row[1:3] for row in landed(home)] == [
        (NOW, NOW), (NOW + 2.5 * HOUR, NOW + 3 * HOUR),
    ]  # fmt: skip


def test_what_was_undone_never_lands(home):
    key = write(home, NOW)
    with writing(home.risk_url) as connection:
        undo_contact(connection, key, now=NOW + HOUR / 2)
    for day in range(1, 4):
        land(home, NOW + day * DAY)
    assert landed(home) == []


def test_an_extract_done_again_changes_no_byte(home):
    write(home, NOW)
    land(home, NOW + DAY)
    file = home.landing_folder / "contacts" / f"{(NOW + DAY).date()}.parquet"
    before = file.read_bytes()
    write(home, NOW + 5 * DAY)
    land(home, NOW + DAY)
    assert file.read_bytes() == before


def crm(home: Settings, *moments: datetime) -> None:
    told = [("ann", at, at, "contacted", "visit", "ines") for at in moments]
    pl.DataFrame(told, CONTACTS.schema, orient="row").write_parquet(home.home / "crm.parquet")


def test_contacts_of_the_mapping_and_of_the_table_land_beside_each_other(home):
    crm(home, NOW)
    write(home, NOW)
    report = land(home, NOW + DAY, mapping=WITH_CONTACTS)
    assert [row[4] for row in landed(home)] == ["called", "visit"]
    assert report.degraded == ()


def test_the_table_may_come_and_go_without_the_mapping_having_changed(home):
    crm(home, NOW)
    land(home, NOW + DAY, mapping=WITH_CONTACTS)  # nothing was written yet
    write(home, NOW + 1.5 * DAY)
    land(home, NOW + 2 * DAY, mapping=WITH_CONTACTS)
    assert len(landed(home)) == 2


def test_contacts_may_be_mapped_after_some_were_written(home):
    write(home, NOW)
    land(home, NOW + DAY)
    crm(home, NOW + 1.5 * DAY)
    land(home, NOW + 2 * DAY, mapping=WITH_CONTACTS)
    assert [row[4] for row in landed(home)] == ["called", "visit"]
    changed = WITH_CONTACTS + "known_after = '1d'\n"
    with pytest.raises(BadMapping, match="has changed"):
        land(home, NOW + 3 * DAY, mapping=changed)


def test_where_nothing_was_ever_written_there_is_nothing_beside_the_mapping(home):
    with written_events(home.home, home.risk_url) as beside:
        assert beside == {}
    assert not home.home.joinpath("data").exists()


def test_a_contact_takes_the_rows_it_may_have_changed_out_of_training(home):
    as_of = NOW - 60 * DAY
    spine = pl.DataFrame({"subscriber_id": ["ann"], "as_of": [as_of]})

    def is_touched(known_until: datetime) -> list[bool]:
        events = home.landing.events()
        labels = contract_labels(
            events, spine, lead_days=0, horizon_days=90, grace_days=0, known_until=known_until
        )
        return contacted_before_settled(
            events, labels, reach_days=30, known_until=known_until
        ).to_list()

    later = NOW + 60 * DAY
    land(home, NOW - DAY)
    assert is_touched(later) == [False]
    write(home, NOW)
    land(home, NOW + DAY)
    assert is_touched(later) == [True]


def drawn(home: Settings, held_out: dict[str, bool], day: date, at: datetime) -> int:
    bands = dict.fromkeys(held_out, "high")
    publish_night(home.risk_url, day, bands, held_out=held_out)
    with writing(home.risk_url) as connection:
        return assign(connection, day, f"season of {day:%Y-%m}", now=at)


def lots(home: Settings) -> Sequence[tuple[object, ...]]:
    rows = contact_events(home.risk_url, NOW + 100 * DAY)
    return rows.select("subscriber_id", "happened_at", "known_at", "kind").rows()


def test_whoever_is_to_be_called_is_listed_or_held_out_at_the_same_moment_once_a_season(home):
    day = date(2026, 11, 27)
    lot = {"ann": False, "bob": True}
    assert drawn(home, lot, day, NOW) == 2
    assert drawn(home, lot | {"cid": True}, day + DAY, NOW + DAY) == 1
    first = [("ann", NOW, NOW, "listed"), ("bob", NOW, NOW, "held_out")]
    assert sorted(lots(home)) == [*first, ("cid", NOW + DAY, NOW + DAY, "held_out")]
    assert drawn(home, {"ann": True}, date(2026, 12, 1), NOW + 4 * DAY) == 1
    assert len(lots(home)) == 4


def test_the_first_draw_does_not_mark_the_next_night_as_degraded(home):
    drawn(home, {"ann": True, "bob": False}, NOW.date(), NOW)
    assert land(home, NOW, now=NOW + DAY).degraded == ()


def test_lots_are_for_those_of_the_newest_night_whose_band_is_high(home):
    day = date(2026, 11, 27)
    publish_night(home.risk_url, day, {"ann": "low"}, held_out={"ann": True})
    with writing(home.risk_url) as connection:
        assert assign(connection, day, "2026-Q4", now=NOW) == 0
        assert assign(connection, day - DAY, "2026-Q4", now=NOW) == 0


def test_without_a_hold_out_nobody_is_listed(home):
    publish_night(home.risk_url, date(2026, 11, 27), {"ann": "high"})
    with writing(home.risk_url) as connection:
        assert assign(connection, date(2026, 11, 27), "2026-Q4", now=NOW) == 0


def test_midnight_is_the_first_moment_that_is_not_read(home):
    write(home, midnight(date(2026, 11, 28)) - timedelta(seconds=1))
    write(home, midnight(date(2026, 11, 28)))
    land(home, midnight(date(2026, 11, 28)), now=NOW + 2 * DAY)
    assert [row[1].minute for row in landed(home)] == [59]  # pyright: ignore[reportAttributeAccessIssue]
