"""The rules that every event keeps: the first that a row breaks is told, with column and value."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from perdura.sources.events import SUBSCRIPTIONS, TICKETS, USAGE, EventTable
from perdura.sources.mapping.checks.rules import (
    AS_READ,
    FAULT,
    FAULTS,
    RAW,
    broken_rule,
    checks,
    column_and_value,
    first_broken,
)

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)
SOUND = {
    TICKETS: {"kind": "opened", "ticket_id": "t", "hours": 1.0, "score": 3.0},
    USAGE: {"kind": "anything", "quantity": 0.0},
    SUBSCRIPTIONS: {"kind": "started", "subscription_id": "s", "mrr": 0},
}


def told(table: EventTable, faults: dict[str, str] | None = None, **values: Any) -> tuple | None:
    """The first rule that a row breaks, its column and the value as read."""
    times = {"happened_at": UNTIL - timedelta(days=2), "known_at": UNTIL - timedelta(days=1)}
    row = dict.fromkeys(table.schema) | {"subscriber_id": "ann"} | times | SOUND[table] | values
    faults = faults or {}
    frame = pl.DataFrame(
        {name: [value] for name, value in row.items()}, schema=table.schema
    ).with_columns(
        *(pl.lit(f"raw {name}").alias(RAW + name) for name in table.schema),
        *(pl.lit(faults.get(name), FAULTS).alias(FAULT + name) for name in table.schema),
        *(
            column
            for name in faults.keys() - {*table.schema}
            for column in (
                pl.lit(faults[name], FAULTS).alias(FAULT + name),
                pl.lit(f"as read {name}").alias(AS_READ + name),
            )
        ),
        pl.lit(values.get("topic") == "test").alias("own"),
    )
    checked = checks(table, UNTIL, frame.columns, {"own_rule": pl.col("own")})
    rule = broken_rule(checked, frame.columns).alias("rule")
    found = frame.with_columns(first_broken(checked)).select(rule, *column_and_value(checked))
    return None if found["rule"][0] is None else found.row(0)


@pytest.mark.parametrize("table", SOUND)
def test_a_sound_event_breaks_none(table: EventTable):
    assert told(table) is None


@pytest.mark.parametrize(
    ("table", "values", "rule", "column"),
    [
        (TICKETS, {"subscriber_id": None}, "no_subscriber", "subscriber_id"),
        (TICKETS, {"happened_at": None}, "no_time", "happened_at"),
        (TICKETS, {"kind": None}, "missing_required", "kind"),
        (TICKETS, {"ticket_id": None}, "missing_required", "ticket_id"),
        (TICKETS, {"kind": "shouted"}, "unknown_kind", "kind"),
        (TICKETS, {"topic": "caf\ufffd"}, "bad_encoding", "topic"),
        (TICKETS, {"happened_at": UNTIL}, "in_the_future", "happened_at"),
        (TICKETS, {"known_at": UNTIL - timedelta(days=3)}, "known_before_happened", "known_at"),
        (TICKETS, {"hours": -0.5}, "negative_amount", "hours"),
        (TICKETS, {"score": 5.5}, "off_scale", "score"),
        (TICKETS, {"score": 0.0}, "off_scale", "score"),
        (SUBSCRIPTIONS, {"mrr": -1}, "negative_amount", "mrr"),
        (USAGE, {"quantity": -0.1}, "negative_amount", "quantity"),
    ],
)
def test_a_rule_broken_is_told_with_its_column_and_the_value_as_read(table, values, rule, column):
    value = None if rule == "no_subscriber" else f"raw {column}"
    assert told(table, **values) == (rule, column, value)


@pytest.mark.parametrize(
    "values",
    [
        {"score": 1.0},
        {"score": 5.0},
        {"score": None},
        {"hours": 0.0},
        {"happened_at": UNTIL - timedelta(days=1)},  # known as it happened
        {"happened_at": UNTIL, "known_at": UNTIL},  # both to come: it waits
        {"topic": "café"},
    ],
)
def test_at_its_bounds_a_value_is_sound(values: dict[str, Any]):
    assert told(TICKETS, **values) is None


def test_a_table_that_takes_any_kind_takes_any():
    assert told(USAGE, kind="Säge") is None


class TestTheFirstIsTold:
    def test_no_subscriber_goes_before_all_others(self):
        found = told(TICKETS, faults={"hours": "bad_type"}, subscriber_id=None, kind=None)
        assert found == ("no_subscriber", "subscriber_id", None)

    def test_a_subscriber_that_could_not_be_read_is_told_by_why(self):
        found = told(TICKETS, faults={"subscriber_id": "null_word"}, subscriber_id=None)
        assert found == ("null_word", "subscriber_id", "raw subscriber_id")

    def test_values_go_before_events_and_among_them_the_order_of_the_rules(self):
        faults = {"hours": "bad_type", "happened_at": "unparseable_time"}
        found = told(TICKETS, faults=faults, happened_at=None, kind="shouted")
        assert found == ("unparseable_time", "happened_at", "raw happened_at")

    def test_of_one_fault_in_a_column_with_a_type_the_source_s_own_column_is_named(self):
        faults = {"hours": "bad_type", "types.duration": "bad_type"}
        assert told(TICKETS, faults=faults) == ("bad_type", "duration", "as read types.duration")

    def test_a_cast_is_named_by_the_key_that_it_stands_under(self):
        found = told(TICKETS, faults={"sql.hours": "bad_type"})
        assert found == ("bad_type", "hours", "as read sql.hours")

    def test_rules_of_the_source_come_last_and_have_no_value(self):
        assert told(TICKETS, topic="test") == ("own_rule", "own_rule", None)
        assert told(TICKETS, topic="test", score=9.0) == ("off_scale", "score", "raw score")
