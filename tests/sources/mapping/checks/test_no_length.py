"""Terms that start and end at one moment are refused where another row of that moment decides."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS
from perdura.sources.mapping.checks.no_length import refuse_no_length
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.ranges import ORIGIN

DAY = datetime(2026, 2, 1, tzinfo=UTC)
UNTIL = DAY + timedelta(days=9)


def events(*rows: tuple[str, int, int], rule: str | None = None, known: int = 0) -> pl.DataFrame:
    """Kind, day and row of the source, of one subscription."""
    filled = [
        dict.fromkeys(SUBSCRIPTIONS.schema)
        | {"subscriber_id": "ann", "subscription_id": "s", "kind": kind}
        | {"happened_at": DAY + timedelta(days=day)}
        | {"known_at": DAY + timedelta(days=max(day, known))}
        for kind, day, _ in rows
    ]
    return pl.DataFrame(filled, schema=SUBSCRIPTIONS.schema).with_columns(
        pl.lit(rule, pl.String).alias("rule"),
        pl.lit(0, pl.UInt32).alias(ORIGIN),
        pl.Series(ROW, [row for *_, row in rows], pl.UInt32),
    )


def refused(read: pl.DataFrame, landed: pl.DataFrame | None = None, held=None) -> list[int]:
    """Rows of which both events are refused."""
    stored = None if landed is None else landed.lazy()
    found = refuse_no_length(SUBSCRIPTIONS, read, stored, held, UNTIL)
    assert found.drop("rule").equals(read.drop("rule"))
    rows = found.filter(pl.col("rule") == "no_length")[ROW]
    assert rows.is_duplicated().all()  # a start and an end of each
    return sorted(set(rows))


TERM = (("started", 0, 1), ("ended", 3, 1))
#: A term of row 2 without length as the first one ends.
SHORT = (("started", 3, 2), ("ended", 3, 2))


def test_a_term_without_length_as_another_ends_never_was():
    assert refused(events(*TERM, *SHORT)) == [2]


def test_as_another_starts_neither():
    assert refused(events(("started", 3, 1), ("ended", 5, 1), *SHORT)) == [2]


def test_beside_no_other_it_lands():
    assert refused(events(*SHORT)) == []
    assert refused(events(("started", 0, 1), ("ended", 5, 1), *SHORT)) == []


def test_trials_are_terms_too():
    assert refused(events(*TERM, ("trial_started", 3, 2), ("ended", 3, 2))) == [2]


def test_two_of_them_at_one_moment_decide_nothing_of_each_other():
    assert refused(events(*SHORT, ("started", 3, 5), ("ended", 3, 5))) == []


def test_a_row_that_is_several_terms_ends_one_as_it_starts_the_next():
    series = [("started", 0, 1), ("ended", 3, 1), ("started", 3, 1), ("ended", 6, 1)]
    assert refused(events(*series)) == []
    assert refused(events(*series, ("started", 1, 2), ("ended", 3, 2))) == []


@pytest.mark.parametrize("where", ["landed", "held"])
def test_what_landed_decides_as_well_and_what_landed_is_not_refused(where: str):
    short, term = events(*SHORT), events(*TERM)
    assert refused(short, **{where: term}) == [2]
    assert refused(short, **{where: pl.concat([term, short])}) == []


def test_what_is_not_known_yet_or_breaks_a_rule_decides_nothing():
    assert refused(pl.concat([events(*TERM, known=20), events(*SHORT)])) == []
    assert refused(pl.concat([events(*TERM, rule="bad_type"), events(*SHORT)])) == []


def test_pauses_at_that_moment_decide_nothing():
    assert refused(events(("paused", 3, 1), ("resumed", 3, 1), *SHORT)) == []


def test_other_subscriptions_and_other_tables_are_no_matter():
    other = events(*TERM).with_columns(subscription_id=pl.lit("t"))
    assert refused(pl.concat([other, events(*SHORT)])) == []
    read = events(*TERM, *SHORT)
    assert refuse_no_length(PAYMENTS, read, None, None, UNTIL) is read
