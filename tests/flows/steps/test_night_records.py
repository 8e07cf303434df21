"""What a night writes beside the risks: what happened lately to the riskiest, told once."""

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from perdura.flows.configuration.dates import midnight
from perdura.flows.settings import Settings
from perdura.flows.steps.night_records import write_beside
from perdura.flows.steps.recent_events import recent_events
from perdura.risk.schema.assignments import ASSIGNMENTS
from perdura.risk.schema.recent import EVENTS
from perdura.risk.store.connect import reading
from perdura.sources.events import CONTACTS, MERGES, PAYMENTS, SUBSCRIPTIONS, TICKETS, EventTable
from perdura.sources.landing.landing import Landing
from tests.support.made_up_nights import publish_night

NIGHT = date(2026, 11, 27)
AS_OF = midnight(NIGHT)
DAY = timedelta(days=1)
NOTHING_WRITTEN = pl.DataFrame(schema=CONTACTS.schema)


def put(folder: Path, table: EventTable, *rows: dict[str, object], on: date = NIGHT) -> None:
    told = [
        {"subscriber_id": "ann", "known_at": row["happened_at"], **row}
        | ({table.required[0]: "1"} if table.required and table is not MERGES else {})
        for row in rows
    ]
    Landing(folder).land(table, on, pl.DataFrame(told, schema=table.schema))


def told(folder: Path, *people: str, written: pl.DataFrame = NOTHING_WRITTEN):
    rows = recent_events(Landing(folder), people or ("ann",), AS_OF, written)
    return rows.select("source", "kind", "detail", "amount", "number").rows()


def test_each_source_tells_what_happened_with_its_detail(tmp_path):
    at = AS_OF - DAY
    put(tmp_path, SUBSCRIPTIONS, {"happened_at": at, "kind": "plan_changed", "plan": "pro"})
    failed = {"amount": 900, "currency": "EUR", "failure_code": "expired_card"}
    put(tmp_path, PAYMENTS, {"happened_at": at + DAY / 4, "kind": "failed", **failed})
    put(tmp_path, TICKETS, {"happened_at": at + DAY / 3, "kind": "opened", "topic": "billing"})
    put(tmp_path, CONTACTS, {"happened_at": at + DAY / 2, "kind": "contacted", "action": "visit"})
    assert told(tmp_path) == [
        ("subscriptions", "plan_changed", "pro", None, 0),
        ("payments", "failed", "expired_card", 900, 0),
        ("tickets", "opened", "billing", None, 0),
        ("contacts", "contacted", "visit", None, 0),
    ]


@pytest.mark.parametrize(
    ("happened", "known", "is_told"),
    [
        (AS_OF - 90 * DAY, None, True),
        (AS_OF - 90 * DAY - timedelta(seconds=1), None, False),
        (AS_OF - timedelta(seconds=1), None, True),
        (AS_OF, None, False),
        (AS_OF - DAY, AS_OF, False),
    ],
)
def test_they_are_of_ninety_days_and_were_known_before_the_night(
    tmp_path: Path, happened: datetime, known: datetime | None, is_told: bool
):
    event = {"happened_at": happened, "kind": "opened", "known_at": known or happened}
    put(tmp_path, TICKETS, event, on=max(happened.date(), NIGHT))
    assert bool(told(tmp_path)) == is_told


def test_what_happened_at_once_is_numbered(tmp_path):
    at = AS_OF - DAY
    kinds = ("opened", "escalated", "replied")
    put(tmp_path, TICKETS, *({"happened_at": at, "kind": kind} for kind in kinds))
    assert [(row[1], row[4]) for row in told(tmp_path)] == [
        ("escalated", 0), ("opened", 1), ("replied", 2),
    ]  # fmt: skip


def test_of_merged_accounts_everything_is_told_under_the_one_that_lives_on(tmp_path):
    put(tmp_path, TICKETS, {"happened_at": AS_OF - DAY, "kind": "opened", "subscriber_id": "old"})
    merged = {"happened_at": AS_OF - DAY, "kind": "merged", "merged_into": "ann"}
    put(tmp_path, MERGES, {**merged, "subscriber_id": "old"})
    assert len(told(tmp_path)) == 1
    assert told(tmp_path, "old") == []


def test_contacts_that_the_table_holds_itself_are_not_told_again(tmp_path):
    ours = {"happened_at": AS_OF - DAY, "kind": "contacted", "action": "called", "by": "desk"}
    put(tmp_path, CONTACTS, ours, {**ours, "by": "crm"})
    written = pl.DataFrame(
        [{"subscriber_id": "ann", "known_at": AS_OF - DAY, **ours}], schema=CONTACTS.schema
    )
    assert len(told(tmp_path, written=written)) == 1


def home(folder: Path, url: str, **settings: object) -> Settings:
    made = Settings.model_validate({"home": folder, "risk_url": url, **settings})
    for who in ("ann", "bob"):
        made.landing.land(TICKETS,
            NIGHT - DAY * (who == "bob"),
            pl.DataFrame(
                [
                    {"subscriber_id": who, "happened_at": AS_OF - 2 * DAY, "kind": "opened",
                     "known_at": AS_OF - 2 * DAY, "ticket_id": "1"}
                ],
                schema=TICKETS.schema,
            ),
        )  # fmt: skip
    return made


def events_of(settings: Settings) -> list[tuple[str, datetime]]:
    with reading(settings.risk_url) as connection:
        query = sa.select(EVENTS.c.subscriber_id, EVENTS.c.happened_at)
        return [tuple(row) for row in connection.execute(query.order_by("subscriber_id"))]  # pyright: ignore[reportReturnType]


def test_events_of_the_riskiest_are_there_and_of_nobody_else(tmp_path, store_url):
    settings = home(tmp_path, store_url, recent_ranks=1)
    publish_night(settings.risk_url, NIGHT, {"ann": "high", "bob": "low"})
    write_beside(settings, NIGHT)
    assert events_of(settings) == [("ann", AS_OF - 2 * DAY)]
    write_beside(settings, NIGHT)
    assert events_of(settings) == [("ann", AS_OF - 2 * DAY)]


def test_an_older_night_done_again_leaves_what_the_newest_wrote(tmp_path, store_url):
    settings = home(tmp_path, store_url)
    publish_night(settings.risk_url, NIGHT - DAY, {"bob": "high"})
    publish_night(settings.risk_url, NIGHT, {"ann": "high"})
    write_beside(settings, NIGHT)
    write_beside(settings, NIGHT - DAY)
    assert events_of(settings) == [("ann", AS_OF - 2 * DAY)]


def test_with_a_hold_out_the_lot_is_written_down(tmp_path, store_url):
    settings = home(tmp_path, store_url, hold_out=0.1)
    publish_night(settings.risk_url, NIGHT, {"ann": "high"}, held_out={"ann": True})
    write_beside(settings, NIGHT)
    write_beside(settings, NIGHT)
    with reading(settings.risk_url) as connection:
        query = sa.select(ASSIGNMENTS.c.subscriber_id, ASSIGNMENTS.c.season, ASSIGNMENTS.c.held_out)
        assert [tuple(row) for row in connection.execute(query)] == [("ann", "2026-Q4", True)]
