"""Events of one subscription at one moment: the state before them decides which comes first."""

import itertools
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.features.build import build_features
from perdura.features.catalogue import FEATURES
from perdura.features.engine import reference
from perdura.models.dataset.labels import contract_labels
from perdura.sources.states.states import states_at
from perdura.sources.ties import places
from tests.support.small_sources import Business
from tests.support.tables import at, events, spine

MARCH = at("2026-03-01")


def sub(kind, happened_at, subscription_id="1", **more):
    paid = {"mrr": 0 if kind == "ended" else 1000, "currency": "EUR", "plan": "basic"}
    own = {"kind": kind, "happened_at": happened_at, "subscription_id": subscription_id}
    return own | paid | more


def in_order(kinds, before=()):
    """The kinds at one moment in their order, after those of ``before``, one a day."""
    rows = [sub(kind, f"2026-01-{day:02}") for day, kind in enumerate(before, start=1)]
    rows += [sub(kind, "2026-02-01") for kind in kinds]
    frame = events(subscriptions=rows)["subscriptions"].collect()
    place = places(frame)
    last = frame.with_columns(place).filter(pl.col("happened_at") == at("2026-02-01"))
    return last.sort("place")["kind"].to_list()


def state(*rows, as_of=MARCH):
    return states_at(events(subscriptions=list(rows)), as_of)["state"].to_list()


RUNNING = ("started",)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        # a renewal, and a term of no length
        (RUNNING, ["ended", "started"]),
        ((), ["started", "ended"]),
        (("started", "ended"), ["started", "ended"]),
        (("started", "paused"), ["ended", "started"]),
        (("started", "cancel_scheduled"), ["ended", "started"]),
        (("resumed",), ["ended", "started"]),
        (("started", "plan_changed"), ["ended", "started"]),
        # a trial becomes paid
        (("trial_started",), ["ended", "started"]),
        ((), ["trial_started", "ended", "started"]),
        (("trial_started",), ["ended", "trial_started", "started"]),
        # pauses
        (RUNNING, ["paused", "resumed"]),
        (("started", "paused"), ["resumed", "paused"]),
        (("started", "paused", "resumed"), ["paused", "resumed"]),
        (("started", "paused"), ["ended", "started", "paused", "resumed"]),
        # cancellations
        (RUNNING, ["cancel_scheduled", "cancel_withdrawn"]),
        (("started", "cancel_scheduled"), ["cancel_withdrawn", "cancel_scheduled"]),
        (RUNNING, ["cancel_scheduled", "ended", "started"]),
        ((), ["started", "cancel_scheduled", "ended"]),
        # what is not contested keeps the contract's order
        (RUNNING, ["plan_changed", "ended"]),
        (RUNNING, ["ended", "started", "plan_changed"]),
        ((), ["trial_started", "started", "plan_changed"]),
    ],
)
def test_the_state_before_decides(before, expected):
    assert in_order(sorted(expected), before) == expected
    assert in_order(sorted(expected, reverse=True), before) == expected


def terms(*edges, subscriber_id="ann", **more):
    """One row per paid term: each starts when the one before it ends."""
    return [
        sub(kind, edge, subscriber_id=subscriber_id, **more)
        for start, end in itertools.pairwise(edges)
        for kind, edge in (("started", start), ("ended", end))
    ]


class TestARowPerTerm:
    def test_a_renewed_subscription_runs(self):
        rows = terms("2026-01-05", "2026-02-05", "2026-03-05", "2026-04-05")
        for day, expected in [
            ("2026-01-20", "active"),
            ("2026-02-06", "active"),
            ("2026-03-20", "active"),
            ("2026-04-06", "gone"),
        ]:
            assert state(*rows, as_of=at(day)) == [expected], day

    def test_the_new_price_counts(self):
        rows = [*terms("2026-01-05", "2026-02-05"), *terms("2026-02-05", "2026-03-05", mrr=1999)]
        told = states_at(events(subscriptions=rows), at("2026-02-20"))
        assert told.select("state", "mrr").rows() == [("active", 1999)]

    @pytest.mark.parametrize("grace", [0, 30])
    def test_nobody_left_at_a_renewal(self, grace):
        rows = terms("2026-01-05", "2026-02-05", "2026-03-05")
        tables = events(subscriptions=rows)
        asked = spine(("ann", "2026-02-01"), ("ann", "2026-03-01"))
        told = contract_labels(
            tables,
            asked,
            lead_days=0,
            horizon_days=20,
            grace_days=grace,
            known_until=at("2026-06-01"),
        )
        assert told["churned"].to_list() == [False, True]
        assert told["left_at"].to_list() == [None, at("2026-03-05")]

    def test_an_id_per_term_gives_the_same_labels(self):
        first = terms("2026-01-05", "2026-02-05", subscription_id="a")
        then = terms("2026-02-05", "2026-03-05", subscription_id="b")
        told = contract_labels(
            events(subscriptions=[*first, *then]),
            spine(("ann", "2026-02-01")),
            lead_days=0,
            horizon_days=20,
            grace_days=0,
            known_until=at("2026-06-01"),
        )
        assert told["churned"].to_list() == [False]


def test_what_starts_and_ends_at_once_undoes_no_leaving():
    rows = [sub("started", "2026-01-01"), sub("ended", "2026-02-10")]
    rows += [sub("started", "2026-02-20"), sub("ended", "2026-02-20")]
    told = contract_labels(
        events(subscriptions=rows),
        spine(("ann", "2026-02-01")),
        lead_days=0,
        horizon_days=30,
        grace_days=30,
        known_until=at("2026-06-01"),
    )
    assert told["churned"].to_list() == [True]


def test_cancel_and_buy_again_on_one_day():
    rows = [sub("started", "2026-01-01"), sub("cancel_scheduled", "2026-02-10")]
    rows += [sub("ended", "2026-02-10"), sub("started", "2026-02-10")]
    assert state(*rows) == ["active"]


def test_what_was_cancelled_as_it_ended_is_not_leaving_later():
    rows = [sub(kind, "2026-01-30") for kind in ("cancel_scheduled", "ended", "started")]
    rows += [sub(kind, "2026-02-21") for kind in ("cancel_scheduled", "cancel_withdrawn")]
    assert state(*rows) == ["active"]


def test_of_two_subscriptions_each_has_an_order_of_its_own():
    running = [sub("started", "2026-01-01", "a"), *terms("2026-02-01", "2026-02-01")]
    assert state(*running) == ["active"]
    other = [sub("ended", "2026-02-01", "a"), sub("started", "2026-02-01", "a")]
    assert state(*running, *other) == ["active"]


class TestPausedThenWithdrawn:
    """A cancellation that is taken back leaves a subscription as it was before it."""

    @pytest.mark.parametrize(
        ("kinds", "expected"),
        [
            (["started", "paused", "cancel_scheduled", "cancel_withdrawn"], "paused"),
            (["started", "paused", "plan_changed", "cancel_scheduled", "cancel_withdrawn"],
             "paused"),
            (["started", "paused", "resumed", "cancel_scheduled", "cancel_withdrawn"], "active"),
            (["started", "paused", "cancel_scheduled", "cancel_withdrawn", "resumed"], "active"),
            (["started", "paused", "ended", "started", "cancel_scheduled", "cancel_withdrawn"],
             "active"),
            (["trial_started", "paused", "cancel_scheduled", "cancel_withdrawn"], "paused"),
            (["started", "cancel_scheduled", "paused", "cancel_withdrawn"], "paused"),
        ],
    )  # fmt: skip
    def test_it_is_paused_still(self, kinds, expected):
        rows = [sub(kind, f"2026-01-{day:02}") for day, kind in enumerate(kinds, start=1)]
        assert state(*rows) == [expected]


class TestFeatures:
    """What features call the latest, and what was before an event, follow the same order."""

    def measured(self, *rows, as_of="2026-03-01"):
        tables, asked = events(subscriptions=list(rows)), spine(("ann", as_of))
        built = build_features(tables, FEATURES, asked)
        plain = reference.build_features(tables, FEATURES, asked)
        assert built.equals(plain)
        return built.row(0, named=True)

    def test_a_change_at_the_start_is_the_latest(self):
        start = sub("started", "2026-02-01", plan="pro", mrr=3000)
        change = sub("plan_changed", "2026-02-01", plan="basic", mrr=1000)
        told = self.measured(start, change)
        assert (told["plan"], told["mrr"], told["downgrades_90d"]) == ("basic", 1000, 1)

    def test_a_renewal_at_another_price_is_the_latest(self):
        rows = [*terms("2026-01-05", "2026-02-05"), *terms("2026-02-05", "2026-04-05", mrr=500)]
        assert self.measured(*rows)["mrr"] == 500

    def test_what_was_before_a_change_at_a_renewal_is_the_new_term(self):
        rows = [*terms("2026-01-05", "2026-02-05"), *terms("2026-02-05", "2026-04-05", mrr=2000)]
        change = sub("plan_changed", "2026-02-05", mrr=1500)
        told = self.measured(*rows, change)
        assert (told["mrr"], told["downgrades_90d"]) == (1500, 1)

    def test_known_one_after_the_other(self):
        rows = terms("2026-01-05", "2026-02-05", "2026-04-05")
        late = {"known_at": "2026-02-20"}
        rows[2] |= late
        change = sub("plan_changed", "2026-02-05", mrr=700)
        for day in ("2026-02-10", "2026-03-01"):
            assert self.measured(*rows, change, as_of=day)["mrr"] == 700


def test_microseconds_apart_is_not_at_one_moment():
    """A gap is a gap: who is asked about within it sees nobody running."""
    end = at("2026-02-01") - timedelta(microseconds=1)
    rows = [
        sub("started", "2026-01-01"),
        sub("ended", str(end.replace(tzinfo=None))),
        sub("started", "2026-02-01"),
    ]
    assert state(*rows, as_of=at("2026-02-01")) == ["gone"]
    assert state(*rows) == ["active"]


class TestReported:
    """An extract says how many moments had to be put in order."""

    MAPPING = """
        [subscriptions]
        file = "terms.csv"
        subscriber_id = "account"
        subscription_id = "account"
        [[subscriptions.event]]
        kind = "'started'"
        happened_at = "first"
        [[subscriptions.event]]
        kind = "'ended'"
        happened_at = "last"
    """

    @pytest.mark.parametrize("rows_at_a_time", [100, 2])
    def test_ties_are_counted(self, tmp_path, rows_at_a_time):
        business = Business(tmp_path).maps(self.MAPPING)
        business.write(
            "terms.csv",
            "account,first,last\na,2026-01-01,2026-02-01\na,2026-02-01,2026-02-09\n"
            "b,2026-01-01,2026-02-01\nb,2026-02-02,2026-02-09\nc,2026-01-05,2026-01-05\n",
        )
        (told,) = business.extract(rows_at_a_time=rows_at_a_time).tables
        assert (told.ties, told.landed) == (2, 10)


class TestATermWithoutLength:
    """A row whose term ends as it starts says nothing of a subscription that other rows tell of."""

    MAPPING = TestReported.MAPPING
    RENEWED = "a,2026-01-01,2026-02-01\n"
    EMPTY = "a,2026-02-01,2026-02-01\n"

    def extracted(self, tmp_path, rows, *, earlier=None, rows_at_a_time=100):
        business = Business(tmp_path).maps(self.MAPPING)
        if earlier is not None:
            business.write("terms.csv", f"account,first,last\n{earlier}")
            business.extract(at("2026-02-20"))
        business.write("terms.csv", f"account,first,last\n{rows}")
        (told,) = business.extract(rows_at_a_time=rows_at_a_time).tables
        return told, business.landing.events()

    def state(self, tables, as_of="2026-02-20"):
        return states_at(tables, at(as_of))["state"].to_list()

    @pytest.mark.parametrize(
        ("rows", "expected"),
        [
            (RENEWED + EMPTY, "gone"),
            (EMPTY + RENEWED, "gone"),
            (RENEWED + EMPTY + EMPTY, "gone"),
            (RENEWED + RENEWED + EMPTY, "gone"),
            (RENEWED + EMPTY + "a,2026-02-01,2026-04-01\n", "active"),
            ("a,2026-01-01,2026-04-01\n" + EMPTY, "active"),
            ("a,2026-01-01,\n" + EMPTY, "active"),
            (RENEWED + "a,2026-02-01,2026-04-01\n", "active"),
            (EMPTY, "gone"),
        ],
    )
    def test_the_other_rows_decide(self, tmp_path, rows, expected):
        _, tables = self.extracted(tmp_path, rows)
        assert self.state(tables) == [expected]

    def test_it_is_refused_with_an_example_and_its_row_is_kept(self, tmp_path):
        told, _ = self.extracted(tmp_path, self.RENEWED + self.EMPTY + "b,2026-01-05,2026-01-05\n")
        assert (told.landed, told.rejected, told.in_rows.rejected) == (4, {"no_length": 2}, 1)
        (one,) = told.examples
        assert (one.rule, one.row, one.value) == ("no_length", 3, "a")
        assert "starts and ends at one moment" in one.hint
        business = Business(tmp_path)
        assert {(rule, row) for rule, row, _ in business.rejected("subscriptions")} == {
            ("no_length", 3)
        }

    @pytest.mark.parametrize("rows_at_a_time", [100, 1])
    def test_so_are_labels_and_features_where_the_term_landed_before(
        self, tmp_path, rows_at_a_time
    ):
        _, tables = self.extracted(
            tmp_path, self.RENEWED + self.EMPTY, earlier=self.RENEWED, rows_at_a_time=rows_at_a_time
        )
        asked = spine(("a", "2026-01-20"))
        told = contract_labels(
            tables, asked, lead_days=0, horizon_days=20, grace_days=0,
            known_until=at("2026-06-01"),
        )  # fmt: skip
        assert told.select("churned", "left_at").rows() == [(True, at("2026-02-01"))]
        assert self.state(tables) == ["gone"]
        later = spine(("a", "2026-02-20"))
        measured = build_features(tables, FEATURES, later)
        assert measured.equals(reference.build_features(tables, FEATURES, later))

    def test_a_row_of_several_terms_has_length(self, tmp_path):
        business = Business(tmp_path).maps(
            """
            [subscriptions]
            file = "contracts.csv"
            subscriber_id = "account"
            subscription_id = "account"
            types = { first = "time", last = "time" }
            series = { from = "first", until = "last", months = 1 }
            [[subscriptions.event]]
            kind = "'started'"
            happened_at = "series_at"
            known_at = "series_at + INTERVAL '1 day'"
            [[subscriptions.event]]
            kind = "'ended'"
            happened_at = "series_at + INTERVAL '1 month'"
            """
        )
        business.write("contracts.csv", "account,first,last\na,2026-01-01,2026-04-01\n")
        for day in ("2026-02-01", "2026-02-02", "2026-02-03", "2026-03-02", "2026-03-03"):
            (told,) = business.extract(at(day)).tables
            assert told.rejected == {}
        assert self.state(business.landing.events(), "2026-03-03") == ["active"]

    def test_what_landed_stays_and_the_day_can_be_done_again(self, tmp_path):
        told, tables = self.extracted(tmp_path, self.EMPTY, earlier=self.EMPTY)
        assert (told.rejected, self.state(tables)) == ({}, ["gone"])
        again, _ = self.extracted(tmp_path, self.EMPTY + self.RENEWED)
        assert again.rejected in ({}, {"duplicate": 1})

    @settings(max_examples=10)
    @given(
        terms=st.lists(
            st.tuples(st.sampled_from([0, 1]), st.sampled_from([0, 0, 3])), min_size=1, max_size=6
        ),
        shuffled=st.randoms(use_true_random=False),
    )
    def test_who_runs_is_who_has_a_term_with_length(self, tmp_path_factory, terms, shuffled):
        """Terms of one id, each a gap (days) after the one before it, and so many days long."""
        day, rows, running = 1, list[str](), set[int]()
        for gap, length in terms:
            start = day + gap
            day = start + length
            rows.append(f"a,2026-01-{start:02},2026-01-{day:02}\n")
            running |= {*range(start, day)}
        shuffled.shuffle(rows)
        _, tables = self.extracted(tmp_path_factory.mktemp("terms"), "".join(rows))
        for each in range(1, day + 2):
            # Asked just after midnight, when what happened at midnight is known.
            moment = at(f"2026-01-{each:02}") + timedelta(seconds=1)
            told = states_at(tables, moment)["state"].to_list()
            assert (told == ["active"]) == (each in running), each
