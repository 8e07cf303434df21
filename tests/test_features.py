"""What each primitive answers, on tables small enough to check by eye."""

import pytest

from features.build import build_features
from features.catalogue import COLUMNS, FEATURES, PAGE, page
from features.definition import Balance, Derived, Feature, Latest, Measure, Over, Phrases, Since
from features.words import say
from sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, EventTable
from tests.tables import events, spine

WORDS = Phrases("none", "one", "{n}")
MARCH = spine(("ann", "2026-03-01"))


def feature(table: EventTable, measure: Measure, where="true", windows=(), **kw) -> Feature:
    return Feature(
        name="x",
        events=table,
        measure=measure,
        where=where,
        windows=windows,
        unit=kw.pop("unit", "things"),
        signal="s",
        en=WORDS,
        es=WORDS,
        **kw,
    )


def value(asked, tables, spine=MARCH, column=None):
    built = build_features(tables, [asked], spine)
    return built[column or asked.columns[0].name].to_list()


def paid(happened_at, amount=100, **more):
    return {"kind": "paid", "happened_at": happened_at, "amount": amount, **more}


class TestWindow:
    count = feature(PAYMENTS, Over("count"), windows=(30,), when_empty=0)

    @pytest.mark.parametrize(
        ("happened_at", "counted"),
        [
            ("2026-01-29 23:59:59.999999", 0),
            ("2026-01-30", 1),  # the left end belongs to the window
            ("2026-02-28 23:59:59.999999", 1),
            ("2026-03-01", 0),  # the right end does not
        ],
    )
    def test_is_closed_on_the_left_and_open_on_the_right(self, happened_at, counted):
        assert value(self.count, events(payments=[paid(happened_at)])) == [counted]

    @pytest.mark.parametrize(
        ("known_at", "counted"), [("2026-02-28 23:59:59.999999", 1), ("2026-03-01", 0)]
    )
    def test_takes_only_what_was_known_before(self, known_at, counted):
        late = events(payments=[paid("2026-02-10", known_at=known_at)])
        assert value(self.count, late) == [counted]

    def test_without_rows_is_the_empty_value(self):
        assert value(self.count, events()) == [0]

    def test_sum_without_rows_is_unknown_unless_said(self):
        assert value(feature(PAYMENTS, Over("sum", "amount"), windows=(30,)), events()) == [None]

    def test_many_dates_at_once_keep_the_order_of_the_spine(self):
        asked = spine(("bob", "2026-03-01"), ("ann", "2026-04-01"), ("ann", "2026-03-01"))
        tables = events(payments=[paid("2026-02-10"), paid("2026-03-10"), paid("2026-03-11")])
        assert value(self.count, tables, asked) == [0, 2, 1]

    def test_a_pair_asked_twice_is_refused(self):
        with pytest.raises(ValueError, match="give each pair once"):
            value(self.count, events(), spine(("ann", "2026-03-01"), ("ann", "2026-03-01")))


class TestMoney:
    total = feature(PAYMENTS, Over("sum", "amount"), windows=(90,), unit="money")

    def test_of_two_currencies_only_the_one_used_last_is_added(self):
        rows = [
            paid("2026-01-10", 900, currency="USD"),
            paid("2026-02-10", 70, currency="EUR"),
            paid("2026-02-20", 7, currency="EUR"),
        ]
        assert value(self.total, events(payments=rows)) == [77]


class TestLatest:
    plan = feature(SUBSCRIPTIONS, Latest("plan"), unit="category")

    def test_is_the_last_that_happened_not_the_last_that_was_told(self):
        rows = [
            {"kind": "started", "happened_at": "2026-01-01", "plan": "old"},
            {"kind": "plan_changed", "happened_at": "2026-02-02", "plan": "new"},
            {
                "kind": "plan_changed",
                "happened_at": "2026-02-01",
                "known_at": "2026-02-20",
                "plan": "between",
            },
        ]
        assert value(self.plan, events(subscriptions=rows)) == ["new"]

    def test_passes_over_rows_that_do_not_say(self):
        rows = [
            {"kind": "started", "happened_at": "2026-01-01", "plan": "old"},
            {"kind": "paused", "happened_at": "2026-02-02"},
        ]
        assert value(self.plan, events(subscriptions=rows)) == ["old"]


class TestSince:
    def test_last_and_first_are_in_days(self):
        tables = events(payments=[paid("2026-02-19"), paid("2026-02-28 12:00")])
        assert value(feature(PAYMENTS, Since("last")), tables) == [0.5]
        assert value(feature(PAYMENTS, Since("first")), tables) == [10]

    def test_never_is_unknown(self):
        assert value(feature(PAYMENTS, Since("last")), events()) == [None]


class TestBalance:
    opened = feature(
        TICKETS, Balance("kind IN ('opened', 'reopened')", "kind = 'resolved'"), when_empty=0
    )

    def test_is_what_is_open_now(self):
        rows = [
            {"kind": kind, "happened_at": day, "ticket_id": ticket}
            for ticket, kind, day in [
                ("1", "opened", "2026-01-01"),
                ("1", "resolved", "2026-01-02"),
                ("1", "reopened", "2026-01-03"),
                ("2", "opened", "2026-01-04"),
                ("2", "resolved", "2026-03-02"),
            ]
        ]
        assert value(self.opened, events(tickets=rows)) == [2]


class TestPrevious:
    rises = next(f for f in FEATURES if f.name == "price_rises")

    def test_a_price_rise_is_more_money_for_the_same_plan(self):
        rows = [
            {"kind": kind, "happened_at": day, "plan": plan, "mrr": mrr}
            for kind, day, plan, mrr in [
                ("started", "2026-01-01", "basic", 1000),
                ("plan_changed", "2026-02-01", "basic", 1100),  # a price rise
                ("plan_changed", "2026-02-10", "pro", 2000),  # an upgrade
                ("plan_changed", "2026-02-20", "pro", 1500),  # a discount
            ]
        ]
        built = value(self.rises, events(subscriptions=rows), column="price_rises_30d")
        assert built == [1]


class TestMerges:
    count = feature(PAYMENTS, Over("count"), windows=(30,), when_empty=0)
    rows = (
        paid("2026-02-10", subscriber_id="old"),
        paid("2026-02-11", subscriber_id="older"),
        paid("2026-02-12"),
    )

    def merged(self, **known):
        merges = [
            {"subscriber_id": who, "kind": "merged", "merged_into": into, "happened_at": day}
            | known
            for who, into, day in [("older", "old", "2026-02-15"), ("old", "ann", "2026-02-16")]
        ]
        return events(payments=list(self.rows), merges=merges)

    def test_what_an_account_did_counts_for_the_one_it_lives_on_as(self):
        assert value(self.count, self.merged()) == [3]

    def test_a_merge_not_yet_known_changes_nothing(self):
        assert value(self.count, self.merged(known_at="2026-03-01")) == [1]

    def test_a_circle_ends(self):
        merges = [
            {"subscriber_id": a, "kind": "merged", "merged_into": b, "happened_at": "2026-02-15"}
            for a, b in [("ann", "bob"), ("bob", "ann")]
        ]
        assert value(self.count, events(payments=[paid("2026-02-12")], merges=merges)) == [1]


class TestWords:
    @pytest.mark.parametrize(
        ("column", "found", "language", "text"),
        [
            ("payments_failed_30d", 0.0, "en", "no payment failed in the last 30 days"),
            ("payments_failed_30d", 1.0, "en", "1 payment failed in the last 30 days"),
            ("payments_failed_30d", 2.0, "en", "2 payments failed in the last 30 days"),
            ("payments_failed_30d", 2.0, "es", "2 pagos fallaron en los últimos 30 días"),
            ("days_since_paid", None, "en", "nothing was ever paid"),
            ("days_since_paid", 41.2, "es", "el último pago fue hace 41 días"),
            ("days_since_paid", 1.4, "en", "the last payment was 1 day ago"),
            ("days_since_paid", 0.4, "en", "the last payment was less than a day ago"),
            ("amount_paid_30d", 1999.0, "en", "€19.99 was paid in the last 30 days"),
            ("payments_failed_share_365d", 0.5, "es", "el 50 % de los pagos falló en un año"),
            ("plan", "pro", "en", "is on the pro plan"),
        ],
    )
    def test_say_the_value(self, column, found, language, text):
        # Spanish percentages have a no-break space.
        assert say(COLUMNS[column], found, language, "EUR").replace("\xa0", " ") == text


class TestCatalogue:
    def test_has_sixty_columns_from_all_four_primitives(self):
        assert len(COLUMNS) >= 60
        measures = {type(f.measure) for f in FEATURES if isinstance(f, Feature)}
        assert measures == {Over, Since, Latest, Balance}

    def test_names_no_column_twice(self):
        assert len(COLUMNS) == sum(len(f.columns) for f in FEATURES)

    def test_the_page_is_current(self):
        assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"

    def test_builds_whole_from_nothing(self):
        built = build_features(events(), FEATURES, MARCH)
        assert built.columns == ["subscriber_id", "as_of", *COLUMNS]

    def test_windows_belong_to_over_alone(self):
        with pytest.raises(ValueError, match="give an Over one or more windows"):
            feature(PAYMENTS, Since("last"), windows=(30,))


def test_derived_columns_read_the_others():
    double = Derived(name="d", sql="2 * x_30d", unit="share", signal="s", en=WORDS, es=WORDS)
    tables = events(payments=[paid("2026-02-10")])
    built = build_features(tables, [TestWindow.count, double], MARCH)
    assert built["d"].to_list() == [2]
