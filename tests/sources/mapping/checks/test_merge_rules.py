"""Merges that cannot all hold: of each the one known first counts, as a slow look at them says."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.events import MERGES, PAYMENTS
from perdura.sources.landing.partition import Part
from perdura.sources.mapping.checks.merge_rules import (
    IN_CIRCLE,
    INTO_ITSELF,
    TWICE,
    without_bad_merges,
)
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.ranges import ORIGIN, Ranges

DAY = datetime(2026, 2, 1, tzinfo=UTC)
#: When it was known, when it happened, who was merged, into whom.
Merge = tuple[int, int, str, str]

merges = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(0, 3), st.sampled_from("abcd"), st.sampled_from("abcd")
    ),
    max_size=8,
)


def frame(rows: list[Merge], rules: list[str | None] | None = None) -> pl.LazyFrame:
    return pl.LazyFrame(
        [
            (into, DAY + timedelta(days=happened), DAY + timedelta(days=known), "merged", merged)
            for known, happened, merged, into in rows
        ],
        schema={
            "merged_into": pl.String,
            **{name: MERGES.schema[name] for name in ("happened_at", "known_at", "kind")},
            "subscriber_id": pl.String,
        },
        orient="row",
    ).with_columns(
        pl.Series("rule", rules or [None] * len(rows), pl.String),
        pl.lit(0, pl.UInt32).alias(ORIGIN),
        pl.Series(ROW, range(len(rows)), pl.UInt32),
    )


def rules(rows: list[Merge], *, landed: list[Merge] | None = None, **own) -> list[str | None]:
    """The rule that each merge breaks, in the order given."""
    ranges = Ranges((Part(0, 1),), (frame(rows, **own),))
    stored = None if landed is None else frame(landed)
    (found,) = without_bad_merges(MERGES, ranges, stored, None).found
    return found.collect()["rule"].to_list()


def by_hand(rows: list[Merge], landed: list[Merge]) -> list[str | None]:
    """The same, one merge after the other, by following each chain to its end."""
    into: dict[str, tuple[str, int]] = {}
    for _, when, merged, kept in sorted(landed, key=lambda one: (one[1], one[2], one[3])):
        into[merged] = kept, when
    held = {one[1:] for one in landed}
    found: list[str | None] = [None] * len(rows)
    order = sorted(range(len(rows)), key=lambda n: (*rows[n], n))
    for n in order:
        _, when, merged, kept = rows[n]
        chain, last = {merged}, kept
        while last in into and last not in chain:
            chain.add(last)
            last = into[last][0]
        if rows[n][1:] in held:
            pass
        elif merged == kept:
            found[n] = INTO_ITSELF
        elif merged in into and into[merged] != (kept, into[merged][1]) and into[merged][1] == when:
            found[n] = TWICE
        elif last == merged:
            found[n] = IN_CIRCLE
        if found[n] is None and (merged not in into or into[merged][1] <= when):
            into[merged] = kept, when
    return found


@given(rows=merges, landed=merges)
def test_each_merge_is_judged_beside_those_known_before_it(rows, landed):
    landed = [one for one in landed if one[2] < one[3]]  # what landed closes no circle
    assert rules(rows, landed=landed) == by_hand(rows, landed)


@given(rows=merges)
def test_of_the_merges_that_are_left_no_chain_is_a_circle(rows):
    kept = [one for one, rule in zip(rows, rules(rows), strict=True) if rule is None]
    into = {merged: owner for _, _, merged, owner in sorted(kept, key=lambda one: one[1])}
    for start in into:
        seen, last = set(), start
        while last in into:
            assert last not in seen
            seen.add(last)
            last = into[last]


class TestByHand:
    def test_into_itself(self):
        assert rules([(0, 0, "a", "a"), (0, 0, "a", "b")]) == [INTO_ITSELF, None]

    def test_into_two_at_one_moment_is_refused_and_at_another_a_correction(self):
        assert rules([(0, 0, "a", "b"), (1, 0, "a", "c")]) == [None, TWICE]
        assert rules([(0, 0, "a", "b"), (1, 1, "a", "c")]) == [None, None]

    def test_the_one_that_closes_the_circle_is_refused_wherever_it_stands(self):
        rows = [(2, 0, "c", "a"), (0, 0, "a", "b"), (1, 0, "b", "c")]
        assert rules(rows) == [IN_CIRCLE, None, None]

    def test_the_same_merge_told_again_is_no_second_one(self):
        assert rules([(0, 0, "a", "b"), (1, 0, "a", "b")]) == [None, None]

    def test_what_landed_holds_even_if_it_was_known_later(self):
        assert rules([(0, 0, "b", "a")], landed=[(5, 0, "a", "b")]) == [IN_CIRCLE]

    def test_a_merge_that_broke_a_rule_closes_no_circle(self):
        rows = [(0, 0, "a", "b"), (1, 0, "b", "a")]
        assert rules(rows, rules=["no_subscriber", None]) == ["no_subscriber", None]


def test_other_tables_stay_as_they_are():
    ranges = Ranges((Part(0, 1),), (pl.LazyFrame(),))
    assert without_bad_merges(PAYMENTS, ranges, None, None) is ranges
