"""What each primitive answers, on tables small enough to check by eye."""

from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_decimal, parse_pattern
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.build import build_features
from perdura.features.catalogue import COLUMNS, FEATURES, PAGE, WITH_CONTACTS, page
from perdura.features.definition import (
    Balance,
    Derived,
    Feature,
    Latest,
    Measure,
    Over,
    Phrases,
    Since,
)
from perdura.features.topics.money import DIGITS, grouped, written
from perdura.features.topics.phrases import say
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, EventTable
from tests.support.tables import events, spine

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


def test_many_more_people_over_the_dates_than_at_any_of_them():
    """Room is first made for those of the busiest date."""
    dates = [f"2026-03-{day:02}" for day in range(1, 21)]
    people = [(f"{when}-{n}", when) for when in dates for n in range(100)]
    told = [paid("2026-02-28", subscriber_id=who) for who, _ in people[::2]]
    count = feature(PAYMENTS, Over("count"), windows=(60,), when_empty=0)
    assert value(count, events(payments=told), spine(*people)) == [1, 0] * (len(people) // 2)


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
    total = feature(
        PAYMENTS, Over("sum", "amount"), windows=(90,), unit="money", currency="payment_currency"
    )

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
        TICKETS,
        Balance("kind IN ('opened', 'reopened')", "kind = 'resolved'", "ticket_id"),
        when_empty=0,
    )

    @pytest.mark.parametrize(
        ("told", "is_open"),
        [
            (["1 opened"], 1),
            (["1 opened", "1 resolved"], 0),
            (["1 opened", "1 resolved", "1 reopened"], 1),
            (["1 opened", "2 opened"], 2),
            (["1 opened", "1 resolved", "1 resolved", "2 opened"], 1),  # told twice
            (["1 opened", "1 reopened", "1 resolved"], 0),
        ],
    )
    def test_is_what_is_open_now(self, told, is_open):
        rows = [
            {"ticket_id": each[0], "kind": each[2:], "happened_at": f"2026-01-{day:02}"}
            for day, each in enumerate(told, start=1)
        ]
        assert value(self.opened, events(tickets=rows)) == [is_open]

    def test_what_is_closed_later_is_open_still(self):
        rows = [
            {"kind": "opened", "happened_at": "2026-01-01"},
            {"kind": "resolved", "happened_at": "2026-03-02"},
        ]
        assert value(self.opened, events(tickets=rows)) == [1]

    def test_opened_and_closed_at_one_moment_is_closed(self):
        rows = [{"kind": kind, "happened_at": "2026-01-01"} for kind in ("resolved", "opened")]
        assert value(self.opened, events(tickets=rows)) == [0]


class TestPrevious:
    rises = COLUMNS["price_rises_30d"].feature

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

    @pytest.mark.parametrize(
        ("before", "after", "counted"),
        [
            (("basic", 1000, "EUR"), ("basic", 9000, "EUR"), {"price_rises_90d"}),
            (("basic", 1000, None), ("basic", 9000, None), {"price_rises_90d"}),
            (("basic", 1000, "EUR"), ("pro", 9000, "EUR"), {"upgrades_90d"}),
            (("pro", 9000, "EUR"), ("basic", 1000, "EUR"), {"downgrades_90d"}),
            (("basic", 1000, "EUR"), ("basic", 9000, None), {"price_rises_90d"}),
            (("basic", 1000, "EUR"), ("basic", 9000, "JPY"), set()),
            (("basic", 1000, "EUR"), ("pro", 9000, "JPY"), set()),
            (("pro", 9000, "JPY"), ("basic", 1000, "EUR"), set()),
        ],
    )
    def test_amounts_of_two_currencies_are_not_compared(self, before, after, counted):
        rows = [
            {"kind": kind, "happened_at": day, "plan": plan, "mrr": mrr, "currency": currency}
            for kind, day, (plan, mrr, currency) in [
                ("started", "2026-01-01", before),
                ("plan_changed", "2026-02-10", after),
            ]
        ]
        asked = ["price_rises_90d", "upgrades_90d", "downgrades_90d"]
        built = build_features(events(subscriptions=rows), FEATURES, MARCH)
        assert {name for name in asked if built[name][0]} == counted

    def test_what_others_with_the_same_id_had_is_not_theirs(self):
        rows = [
            {"kind": "started", "happened_at": "2026-02-01", "plan": "basic", "mrr": 900},
            {
                "kind": "started",
                "happened_at": "2026-02-10",
                "plan": "basic",
                "mrr": 500,
                "subscriber_id": "bob",
            },
            {"kind": "plan_changed", "happened_at": "2026-02-20", "plan": "basic", "mrr": 900},
        ]
        built = value(self.rises, events(subscriptions=rows), column="price_rises_30d")
        assert built == [0]


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

    def test_it_counts_for_the_merged_account_until_then_and_for_the_other_from_then_on(self):
        asked = spine(*((who, f"2026-0{month}-01") for month in (2, 3) for who in ("old", "ann")))
        told = events(
            payments=[paid("2026-01-10", 300, subscriber_id="old"), paid("2026-01-20", 100)],
            merges=[
                {
                    "subscriber_id": "old",
                    "kind": "merged",
                    "merged_into": "ann",
                    "happened_at": "2026-02-15",
                }
            ],
        )
        for measure, values in {
            Over("count"): [1, 1, None, 2],
            Over("sum", "amount"): [300, 100, None, 400],
            Over("max", "amount"): [300, 100, None, 300],
            Latest("amount"): [300, 100, None, 100],
            Since("first"): [22, 12, None, 50],
        }.items():
            windows = (90,) if isinstance(measure, Over) else ()
            assert value(feature(PAYMENTS, measure, windows=windows), told, asked) == values

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
            ("amount_paid_30d", 1999.0, "en", "€19.99 was paid in the last 30 days"),
            ("amount_paid_30d", 1999.0, "es", "se pagaron 19,99 € en los últimos 30 días"),
            ("payments_failed_share_365d", 0.5, "es", "el 50 % de los pagos falló en un año"),
            ("plan", "pro", "en", "is on the pro plan"),
        ],
    )
    def test_say_the_value(self, column, found, language, text):
        # Spanish percentages and amounts have a no-break space.
        assert say(COLUMNS[column], found, language, "EUR").replace("\xa0", " ") == text

    @pytest.mark.parametrize(
        ("column", "zero", "unknown"),
        [
            ("mrr", "pays nothing a month", "the monthly price is unknown"),
            ("quantity", "has no seats", "the number of seats is unknown"),
            ("interval_months", "has no billing period", "the billing period is unknown"),
            ("days_to_renewal", "the renewal is due", "the next renewal is unknown"),
            (
                "days_since_paid",
                "the last payment was less than a day ago",
                "nothing was ever paid",
            ),
            ("last_rating", "last rated support 0 out of 5", "never rated support"),
            (
                "reply_hours_mean_30d",
                "waited less than an hour for a reply on average in the last 30 days",
                "no ticket was answered in the last 30 days",
            ),
            (
                "payments_failed_share_365d",
                "no payment failed in a year",
                "no payment was tried in a year",
            ),
        ],
    )
    def test_zero_is_not_the_same_as_unknown(self, column, zero, unknown):
        assert say(COLUMNS[column], 0.0, "en", "EUR") == zero
        assert say(COLUMNS[column], None, "en", "EUR") == unknown

    @pytest.mark.parametrize(
        ("column", "found", "language", "text"),
        [
            ("days_since_paid", 0.5, "en", "the last payment was less than a day ago"),
            ("days_since_paid", 0.97, "es", "el último pago fue hace menos de un día"),
            ("days_since_paid", 1.0, "es", "el último pago fue hace 1 día"),
            ("days_to_renewal", 0.6, "en", "the plan renews in less than a day"),
            (
                "reply_hours_max_30d",
                0.2,
                "es",
                "la respuesta más lenta tardó menos de una hora en los últimos 30 días",
            ),
            (
                "reply_hours_max_30d",
                1.02,
                "en",
                "the slowest reply took 1 hour in the last 30 days",
            ),
            ("usage_7d", 0.96, "en", "used the service once in the last 7 days"),
            ("usage_7d", 1.04, "es", "usó el servicio una vez en los últimos 7 días"),
            ("usage_7d", 0.04, "en", "used the service less than 0.1 times in the last 7 days"),
            ("usage_7d", 1.2, "en", "used the service 1.2 times in the last 7 days"),
            (
                "rating_mean_90d",
                0.96,
                "en",
                "rated support 1 out of 5 on average in the last 90 days",
            ),
        ],
    )
    def test_what_is_shown_decides_the_words(self, column, found, language, text):
        assert say(COLUMNS[column], found, language, None) == text

    @pytest.mark.parametrize(
        ("days", "en", "es"),
        [
            (13, "13 days", "13 días"),
            (14, "2 weeks", "2 semanas"),
            (17, "2 weeks", "2 semanas"),
            (18, "3 weeks", "3 semanas"),
            (60, "9 weeks", "9 semanas"),
            (61, "2 months", "2 meses"),
            (76, "2 months", "2 meses"),
            (77, "3 months", "3 meses"),
            (90.5, "3 months", "3 meses"),
            (366, "12 months", "12 meses"),
            (730, "24 months", "24 meses"),
            (731, "2 years", "2 años"),
            (913, "2 years", "2 años"),
            (914, "3 years", "3 años"),
            (3650, "10 years", "10 años"),
        ],
    )
    def test_ages_are_rounded_to_the_nearest_unit(self, days, en, es):
        said = [say(COLUMNS["days_since_first_start"], days, one, None) for one in ("en", "es")]
        assert said == [f"joined {en} ago", f"se suscribió hace {es}"]

    @pytest.mark.parametrize(
        ("minor_units", "currency", "language", "text"),
        [
            (150_000, "RSD", "en", "pays RSD1,500.00 a month"),
            (150_000, "ALL", "es", "paga 1.500,00 ALL al mes"),
            (150_000, "IQD", "en", "pays IQD150.000 a month"),
            (1500, "JPY", "en", "pays ¥1,500 a month"),
            (1500, "JPY", "es", "paga 1.500 JPY al mes"),
            (15_000, "CLF", "en", "pays CLF1.5000 a month"),
            (1999, "EUR", "es", "paga 19,99 € al mes"),
        ],
    )
    def test_amounts_have_the_digits_of_iso_4217(self, minor_units, currency, language, text):
        said = say(COLUMNS["mrr"], minor_units, language, currency)
        assert said.replace("\xa0", " ") == text

    @pytest.mark.parametrize("language", ["en", "es"])
    @pytest.mark.parametrize("name", COLUMNS)
    def test_every_column_can_say_anything(self, name, language):
        column = COLUMNS[name]
        values = ["a"] if column.is_category else [0.0, 0.001, 0.5, 1.0, 2.0, 1e6]
        for found in [None, *values]:
            text = say(column, found, language, "EUR")
            assert text.strip() == text != ""
            assert "{" not in text


class TestSubscription:
    def test_a_renewal_that_nobody_can_know_is_not_overdue(self):
        started = {"kind": "started", "happened_at": "2026-02-01", "interval_months": 1}
        invoiced = {"kind": "invoiced", "happened_at": "2026-02-26"}
        monthly, late = {"subscriptions": [started]}, {**invoiced, "happened_at": "2026-01-02"}

        def renewal(**tables):
            return build_features(events(**tables), FEATURES, MARCH)["days_to_renewal"].to_list()

        assert renewal() == renewal(**monthly) == renewal(payments=[invoiced]) == [None]
        assert renewal(**monthly, payments=[invoiced]) == [30.4375 - 3]
        assert renewal(**monthly, payments=[late]) == [0]

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("plan", "pro"),
            ("mrr", 900),
            ("interval_months", 1),
            ("quantity", 5),
            ("currency", "EUR"),
        ],
    )
    def test_what_somebody_has_is_not_read_from_what_ended(self, name, kept):
        has = {"plan": "pro", "mrr": 900, "interval_months": 1, "quantity": 5, "currency": "EUR"}
        had = {"plan": "old", "mrr": 0, "interval_months": 12, "quantity": 0, "currency": "USD"}
        rows = [
            {"kind": "started", "happened_at": "2026-01-01", "subscription_id": "1", **has},
            {"kind": "ended", "happened_at": "2026-02-01", "subscription_id": "2", **had},
        ]
        built = build_features(events(subscriptions=rows), FEATURES, MARCH)
        assert built[name].to_list() == [kept]


class TestCatalogue:
    def test_has_sixty_columns_from_all_four_primitives(self):
        assert len(COLUMNS) >= 60
        measures = {type(f.measure) for f in FEATURES if isinstance(f, Feature)}
        assert measures == {Over, Since, Latest, Balance}

    def test_names_no_column_twice(self):
        assert len(COLUMNS) == sum(len(f.columns) for f in WITH_CONTACTS)

    def test_the_page_is_current(self):
        assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"

    def test_builds_whole_from_nothing(self):
        built = build_features(events(), WITH_CONTACTS, MARCH)
        assert built.columns == ["subscriber_id", "as_of", *COLUMNS]

    def test_an_amount_names_the_column_of_its_currency(self):
        amounts = [f for f in FEATURES if isinstance(f, Feature) and f.unit == "money"]
        assert {f.name: f.currency for f in amounts} == {
            "amount_paid": "payment_currency",
            "mrr": "currency",
        }
        assert all(COLUMNS[f.currency or ""].is_category for f in amounts)
        with pytest.raises(ValueError, match="name the column that holds its currency"):
            feature(PAYMENTS, Latest("amount"), unit="money")

    def test_amounts_paid_are_in_the_currency_that_they_are_told_in(self):
        rows = [paid("2026-02-10", 900, currency="EUR"), paid("2026-02-20", 1500, currency="JPY")]
        started = {"kind": "started", "happened_at": "2026-01-01", "mrr": 990, "currency": "EUR"}
        built = build_features(events(payments=rows, subscriptions=[started]), FEATURES, MARCH)
        asked = ["amount_paid_30d", "payment_currency", "mrr", "currency"]
        assert built.select(asked).row(0) == (1500, "JPY", 990, "EUR")

    def test_what_was_reopened_is_told_apart_from_what_is_open(self):
        signals = {name: COLUMNS[name].feature.signal for name in COLUMNS}
        assert signals["tickets_reopened_30d"] == "reopened"
        assert signals["tickets_open"] == "open_tickets"

    def test_whose_a_row_is_is_no_condition(self):
        with pytest.raises(ValueError, match="ask what happened and not to whom"):
            feature(PAYMENTS, Over("count"), "subscriber_id <> 'bob'", windows=(30,))

    def test_windows_belong_to_over_alone(self):
        with pytest.raises(ValueError, match="give an Over one or more windows"):
            feature(PAYMENTS, Since("last"), windows=(30,))


def test_derived_columns_read_the_others():
    double = Derived(name="d", sql="2 * x_30d", unit="share", signal="s", en=WORDS, es=WORDS)
    tables = events(payments=[paid("2026-02-10")])
    built = build_features(tables, [TestWindow.count, double], MARCH)
    assert built["d"].to_list() == [2]


@given(
    amount=st.integers(0, 10**12),
    currency=st.sampled_from(["EUR", "JPY", "KWD", "USD", "XYZ"]),
    language=st.sampled_from(["en", "es"]),
)
def test_amounts_are_written_as_babel_writes_them(amount, currency, language):
    digits = DIGITS.get(currency, 2)
    pattern = parse_pattern(Locale.parse(language).currency_formats["standard"].pattern)
    pattern.frac_prec = (digits, digits)
    babel = pattern.apply(
        Decimal(amount).scaleb(-digits), language, currency=currency, currency_digits=False
    )
    assert written(amount, currency, language) == babel
    assert grouped(amount, 0, language) == format_decimal(amount, "#,##0", locale=language)
