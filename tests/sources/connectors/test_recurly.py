"""Recurly's landed tables: every row accounted for, prices as they were known, nothing earlier."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.connectors.recurly.prices import redemptions
from perdura.sources.connectors.recurly.subscriptions import EVENTS, STATES, subscriptions
from perdura.sources.connectors.recurly.tables import empty
from perdura.sources.events import SUBSCRIPTIONS
from perdura.sources.extract import IncompleteExtract
from perdura.sources.states.states import states_at
from tests.support.small_sources import Business
from tests.support.vendors import EXPORTS, connected_to

RECURLY = EXPORTS / "recurly"
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
#: What the mapping reads, and of which table each row is one.
READ = {
    "subscriptions": ("subscription_history", "line_item_history", "coupon_redemption_history"),
    "payments": ("invoice_history", "transaction", "credit_payment_history"),
    "subscribers": ("account_history",),
}

#: Two subscriptions are older than their history. Of the three rows of coupons one begins, one says
#: nothing and one begins and ends, each for the three subscriptions of its account.
MORE = {"subscriptions": 2 + (3 + 1 + 6 - 3)}

SUBSCRIPTION = {
    "account_id": "ann",
    "state": "active",
    "plan_id": "p",
    "currency": "EUR",
    "unit_amount": "10.00",
    "quantity": "1",
    "activated_at": "2026-01-01 00:00:00",
}
PLANS = [
    {
        "id": name,
        "updated_at": "2020-01-01",
        "code": code,
        "interval_unit": unit,
        "interval_length": length,
    }
    for name, code, unit, length in (
        ("p", "basic", "months", "1"),
        ("y", "year", "months", "12"),
        ("w", "weekly", "days", "7"),
    )
]
UNPAID = {"expiration_reason": "nonpayment"}
DAY = "2026-01-01"
INVOICE = {"id": "i", "account_id": "ann", "updated_at": DAY, "created_at": DAY, "state": "open"}
VERIFIED = {"id": "t", "account_id": "ann", "created_at": DAY, "type": "verify"}


def table(rows: list[dict[str, str]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, [*dict.fromkeys(name for row in rows for name in row)])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def recurly(folder: Path, **tables: list[dict[str, str]]) -> Business:
    """A business with these tables; those that the mapping needs and are not given are small."""
    business = connected_to("recurly", folder / "tables", folder)
    given = {
        "plan_history": PLANS,
        "invoice_history": [INVOICE],
        "transaction": [{**VERIFIED, "status": "success"}],
        "account_history": [{"id": "ann", "updated_at": "2026-01-01", "account_country": "ES"}],
        "subscription_history": [version("2026-01-01")],
        **tables,
    }
    for name, rows in given.items():
        business.write(f"tables/{name}.csv", table(rows))
    return business


def version(updated_at: str, subscription: str = "s1", **values: str) -> dict[str, str]:
    """A row of a subscription's history."""
    return {"id": subscription, "updated_at": updated_at, **SUBSCRIPTION, **values}


def told(business: Business, *columns: str) -> list[tuple[object, ...]]:
    """Kinds of events of subscriptions with their days, in order, and further columns."""
    business.extract(UNTIL)
    events = business.landing.events()["subscriptions"].sort("happened_at", "kind").collect()
    day = pl.col("happened_at").dt.strftime("%m-%d")
    return events.select("kind", day, *columns).rows()


needs_exports = pytest.mark.skipif(
    not RECURLY.exists(), reason="third-party data is not beside the checkout"
)


@needs_exports
def test_tables_as_fivetran_lands_them_become_events_and_every_row_counts(tmp_path: Path):
    business = connected_to("recurly", RECURLY, tmp_path)
    report = business.extract(UNTIL)
    assert (report.degraded, report.problems) == ((), ())
    for read in report.tables:
        tables = [RECURLY / f"{name}_data.csv" for name in READ[read.table]]
        rows = sum(pl.read_csv(file).height for file in tables) + MORE.get(read.table, 0)
        assert (read.in_rows.read, read.rejected) == (rows, {})


@needs_exports
def test_mrr_by_customer_is_what_reckoning_by_hand_gives(tmp_path: Path):
    business = connected_to("recurly", RECURLY, tmp_path)
    business.extract(UNTIL)
    states = states_at(business.landing.events(), UNTIL)
    by_hand = {
        # A plan at 2,999.00 and add-ons at 599.00 + 2 x 999.00, less the coupon of 10 %; the two
        # subscriptions at 99.00 were ended within minutes.
        "4458762633d912919d7ff692cab13b69": round((299_900 + 59_900 + 2 * 99_900) * 0.9),
        "51bccf87e2571558b3da93688e17469f": 9_900,
    }
    assert dict(states.select("subscriber_id", "mrr").iter_rows()) == by_hand
    assert dict(states.select("subscriber_id", "state").iter_rows()) == dict.fromkeys(
        by_hand, "active"
    )


def test_a_trial_a_change_a_pause_and_an_end_are_told_as_their_rows_were_written(tmp_path: Path):
    trial = {"trial_started_at": "2026-01-01", "trial_ends_at": "2026-01-15"}
    more = {**trial, "unit_amount": "30.00", "quantity": "2"}
    leaving = {**more, "state": "canceled", "canceled_at": "2026-04-08 12:00:00"}
    gone = {"state": "expired", "expires_at": "2026-05-01", "expiration_reason": "canceled"}
    history = [
        version("2026-01-01", **trial),
        version("2026-01-15 00:00:07", **trial),
        version("2026-02-15 00:00:07", **trial),
        version("2026-02-20", **more),
        version("2026-03-01", **more, state="paused", paused_at="2026-03-01"),
        version("2026-03-15", **more),
        version("2026-04-02", **more, state="canceled", canceled_at="2026-04-02"),
        version("2026-04-03", **more),
        version("2026-04-09", **leaving),
        version("2026-05-01", **{**leaving, **gone}),
    ]
    business = recurly(tmp_path, subscription_history=history)
    assert told(business, "mrr", "reason", "plan") == [
        ("trial_started", "01-01", 0, None, "basic"),
        ("started", "01-15", 1000, None, "basic"),
        ("plan_changed", "02-20", 6000, None, "basic"),
        ("paused", "03-01", 6000, None, "basic"),
        ("resumed", "03-15", 6000, None, "basic"),
        ("cancel_scheduled", "04-02", 6000, None, "basic"),
        ("cancel_withdrawn", "04-03", 6000, None, "basic"),
        ("cancel_scheduled", "04-08", 6000, None, "basic"),
        ("ended", "05-01", 0, "voluntary", "basic"),
    ]


def test_what_is_read_of_a_row_is_known_when_it_was_written(tmp_path: Path):
    business = recurly(
        tmp_path,
        subscription_history=[
            version("2026-01-01 06:00:00"),
            version("2026-03-02", state="canceled", canceled_at="2026-02-27"),
        ],
    )
    business.extract(UNTIL)
    assert business.events("subscriptions", ("kind", "known_at")) == [
        ("started", datetime(2026, 1, 1, 6, tzinfo=UTC)),
        ("cancel_scheduled", datetime(2026, 3, 2, tzinfo=UTC)),
    ]
    assert told(business)[1] == ("cancel_scheduled", "02-27")


def test_a_price_of_today_is_never_told_of_the_time_before_the_history(tmp_path: Path):
    business = recurly(
        tmp_path,
        subscription_history=[
            version("2026-03-10"),
            version("2026-03-10", "s2", state="expired", expires_at="2026-02-01", **UNPAID),
        ],
    )
    assert told(business, "mrr", "plan", "reason") == [
        ("started", "01-01", None, None, None),
        ("started", "01-01", None, None, None),
        ("ended", "02-01", 0, None, "payment"),
        ("plan_changed", "03-10", 1000, "basic", None),
    ]


@pytest.mark.parametrize(
    ("values", "mrr"),
    [
        ({"unit_amount": "120.00", "plan_id": "y"}, 1000),
        ({"unit_amount": "7.00", "plan_id": "w"}, round(700 * 365.25 / 12 / 7)),
        ({"unit_amount": "1200", "currency": "JPY"}, 1200),
        ({"unit_amount": "1.2345", "currency": "KWD"}, 1234),
        ({"unit_amount": "10.00", "quantity": "3", "add_ons_total": "5.50"}, 3550),
        ({"unit_amount": "10.00", "subtotal": "12.34"}, 1234),
        ({"unit_amount": "0.00"}, 0),
        # Without a plan the period tells.
        ({"unit_amount": "30.00", "plan_id": "?", "current_period_started_at": "2026-01-31",
          "current_period_ends_at": "2026-04-30"}, 1000),
        ({"unit_amount": "30.00", "plan_id": "?"}, None),
    ],
)  # fmt: skip
def test_mrr_is_a_month_s_share_in_minor_units(tmp_path: Path, values: dict[str, str], mrr: int):
    business = recurly(tmp_path, subscription_history=[version("2026-01-01", **values)])
    assert told(business, "mrr") == [("started", "01-01", mrr)]


COUPONS: list[dict[str, str]] = [
    dict(zip(("coupon_id", "type", "percentage", "amount", "currency"), coupon, strict=True))
    for coupon in (
        ("half", "percent", "50", "", ""),
        ("three", "fixed", "", "3.00", "EUR"),
        ("dollars", "fixed", "", "3.00", "USD"),
    )
]
REMOVED = {"removed_at": "2026-03-01", "state": "inactive"}


def redeemed(coupon: str, updated_at: str = "2026-02-01", **values: str) -> dict[str, str]:
    return {"id": f"r-{coupon}", "coupon_id": coupon, "account_id": "ann", "updated_at": updated_at,
            "created_at": "2026-02-01", "state": "active", "removed_at": "", **values}  # fmt: skip


@pytest.mark.parametrize(
    ("redemptions", "changes"),
    [
        ([redeemed("half")], [("02-01", 500)]),
        ([redeemed("three")], [("02-01", 700)]),
        ([redeemed("dollars")], []),
        ([redeemed("half"), redeemed("three")], [("02-01", 350)]),
        # Removed, or used up: the price is what it was.
        ([redeemed("half"), redeemed("half", "2026-03-01", **REMOVED)],
         [("02-01", 500), ("03-01", 1000)]),
        ([redeemed("half"), redeemed("half", "2026-03-04", state="inactive")],
         [("02-01", 500), ("03-04", 1000)]),
        ([redeemed("half", account_id="bob")], []),
    ],
)  # fmt: skip
def test_coupons_come_off_while_they_hold(
    tmp_path: Path, redemptions: list[dict[str, str]], changes: list[tuple[str, int]]
):
    business = recurly(tmp_path, coupon_redemption_history=redemptions, coupon_discount=COUPONS)
    found = [(day, mrr) for kind, day, mrr in told(business, "mrr") if kind == "plan_changed"]
    assert [*dict.fromkeys(found)] == changes


def test_a_fixed_discount_is_shared_by_the_subscriptions_that_run_and_the_report_says_so(
    tmp_path: Path,
):
    business = recurly(
        tmp_path,
        subscription_history=[version("2026-01-01"), version("2026-01-01", "s2"),
                              version("2026-01-15", "s2", state="expired", expires_at="2026-01-15"),
                              version("2026-01-01", "s3")],
        coupon_redemption_history=[redeemed("three")],
        coupon_discount=COUPONS,
    )  # fmt: skip
    changed = [mrr for kind, _, mrr in told(business, "mrr") if kind == "plan_changed"]
    assert changed == [850, 850]
    notes = [note for read in business.extract(UNTIL).tables for note in read.notes]
    assert any("fixed discounts" in note and note.endswith("1 redeemed coupons") for note in notes)


def test_lines_of_bills_tell_the_prices_before_the_history(tmp_path: Path):
    def line(number: int, day: str, **values: str) -> dict[str, str]:
        own = {"id": f"l{number}", "account_id": "ann", "subscription_id": "s1", "type": "charge",
               "invoice_id": f"i{day}", "origin": "plan", "plan_id": "p", "currency": "EUR",
               "created_at": day, "updated_at": day, "start_date": day, "end_date": "2030-01-01",
               "subtotal": "8.00", "discount": "1.00", "quantity": "1"}  # fmt: skip
        return {**own, **values}

    business = recurly(
        tmp_path,
        subscription_history=[version("2026-04-15")],
        line_item_history=[
            line(1, "2026-01-01"),
            line(2, "2026-02-01"),
            line(3, "2026-03-01", subtotal="9.00"),
            line(4, "2026-03-01", origin="add_on", subtotal="2.00", discount="0"),
            line(5, "2026-03-01", origin="setup_fee", subtotal="99.00"),
            line(6, "2026-03-10", proration_rate="0.5", subtotal="99.00"),
            line(7, "2026-03-11", type="credit", subtotal="-99.00"),
            line(8, "2026-05-01", subtotal="99.00"),  # the history tells
        ],
    )
    assert told(business, "mrr") == [
        ("plan_changed", "01-01", 700),
        ("started", "01-01", None),
        ("plan_changed", "03-01", 1000),
        ("plan_changed", "04-15", 1000),
    ]


def test_payments_are_told_by_transactions_and_else_by_invoices(tmp_path: Path):
    def invoice(name: str, updated_at: str, state: str, **values: str) -> dict[str, str]:
        own = {"id": name, "account_id": "ann", "created_at": "2026-02-01", "closed_at": "",
               "updated_at": updated_at, "state": state, "type": "charge", "currency": "EUR",
               "total": "12.10", "paid": "0", "balance": "12.10"}  # fmt: skip
        return {**own, **values}

    def transaction(name: str, kind: str, status: str, **values: str) -> dict[str, str]:
        own = {"id": name, "account_id": "ann", "invoice_id": "i1", "type": kind, "status": status,
               "created_at": "2026-02-02", "collected_at": "", "voided_at": "", "currency": "EUR",
               "amount": "12.10", "status_code": "", "_fivetran_synced": "2026-02-20"}  # fmt: skip
        return {**own, **values}

    business = recurly(
        tmp_path,
        invoice_history=[
            invoice("i1", "2026-02-01", "open"),
            invoice("i1", "2026-02-04", "paid", paid="12.10", closed_at="2026-02-04"),
            invoice("i2", "2026-02-09", "paid", paid="12.10", closed_at="2026-02-09"),
            invoice("i3", "2026-02-10", "failed", closed_at="2026-02-10"),
            invoice("c1", "2026-02-10", "closed", type="credit", total="-5.00"),
        ],
        transaction=[
            transaction("t1", "purchase", "declined", status_code="insufficient_funds"),
            transaction("t2", "purchase", "success", collected_at="2026-02-04"),
            transaction("t3", "refund", "success", amount="2.10", created_at="2026-02-06"),
            transaction("t4", "capture", "void", created_at="2026-02-07", voided_at="2026-02-08"),
            transaction("t5", "purchase", "chargeback", created_at="2026-02-11"),
            transaction("t6", "purchase", "pending"),
            transaction("t7", "verify", "success", amount="0"),
            transaction("t8", "purchase", "reversed"),
        ],
    )
    report = next(read for read in business.extract(UNTIL).tables if read.table == "payments")
    assert report.rejected == {"unknown_kind": 1}
    events = business.landing.events()["payments"].sort("happened_at", "kind").collect()
    day = pl.col("happened_at").dt.day()
    who = pl.coalesce("payment_id", "invoice_id")
    assert events.select(day, "kind", who, "amount", "failure_code").rows() == [
        (1, "invoiced", "i1", 1210, None),
        (1, "invoiced", "i2", 1210, None),
        (1, "invoiced", "i3", 1210, None),
        (2, "failed", "t1", 1210, "insufficient_funds"),
        (4, "paid", "t2", 1210, None),
        (6, "refunded", "t3", 210, None),
        (7, "paid", "t4", 1210, None),
        (8, "refunded", "t4", 1210, None),
        (9, "paid", "i2", 1210, None),
        (10, "written_off", "i3", 1210, None),
        (11, "disputed", "t5", 1210, None),
        (11, "paid", "t5", 1210, None),
    ]
    disputed = events.filter(pl.col("kind") == "disputed")
    assert disputed["known_at"].to_list() == [datetime(2026, 2, 20, tzinfo=UTC)]
    counts = report.in_rows
    assert (counts.read, counts.rejected, counts.dropped) == (13, 1, 4)


def test_what_cannot_be_read_is_counted_and_the_rest_lands(tmp_path: Path):
    business = recurly(
        tmp_path,
        subscription_history=[
            version("2026-01-01"),
            version("2026-01-01", "s2", unit_amount="ten"),
            version("soon", "s3"),
            version("2026-01-01", "s4", account_id=""),
            version("2026-01-01", "s5", state="frozen"),
        ],
    )
    with (tmp_path / "tables/subscription_history.csv").open("a") as file:
        file.write("s6,2026-01")
    business.extract(UNTIL)
    assert len(business.events("subscriptions")) == 1
    rows = business.landing.rejected(SUBSCRIPTIONS, UNTIL.date())
    assert rows.select("rule", "file", "row").rows() == [
        ("bad_type", "tables/subscription_history.csv", 3),
        ("unparseable_time", "tables/subscription_history.csv", 4),
        ("missing_required", "tables/subscription_history.csv", 5),
        ("unknown_state", "tables/subscription_history.csv", 6),
        ("broken_line", "tables/subscription_history.csv", 7),
    ]


def test_a_column_that_was_renamed_is_named_and_the_other_tables_land(tmp_path: Path):
    business = recurly(tmp_path)
    renamed = table([version("2026-01-01")]).replace("updated_at", "updatedat")
    business.write("tables/subscription_history.csv", renamed)
    says = "subscription_history.csv has no column 'updated_at'; did you mean updatedat"
    with pytest.raises(IncompleteExtract, match=says):
        business.extract(UNTIL)
    assert len(business.events("subscribers")) == 1


def test_tables_may_be_parquet_in_capitals_or_in_several_files(tmp_path: Path):
    business = recurly(tmp_path, subscription_history=[version("2026-01-01")])
    as_csv = told(business, "mrr", "known_at")
    path = tmp_path / "tables/subscription_history.csv"
    rows = pl.read_csv(path, infer_schema=False).with_columns(
        pl.col("updated_at", "activated_at").str.to_datetime(strict=False, time_zone="UTC"),
        pl.col("unit_amount").cast(pl.Decimal(10, 2)),
    )
    path.unlink()
    upper = rows.rename(str.upper)
    business.write("tables/SUBSCRIPTION_HISTORY/1.parquet", upper.head(0))
    business.write("tables/SUBSCRIPTION_HISTORY/2.parquet", upper)
    assert told(business, "mrr", "known_at") == as_csv


@dataclass(frozen=True)
class State:
    """A row of a history, as a test draws it."""

    updated_at: datetime
    state: str
    canceled_at: datetime | None
    expires_at: datetime | None
    quantity: int

    @property
    def ended(self) -> datetime | None:
        """When it ended, by what was known when the row was written."""
        over = self.state in {"expired", "failed"}
        return min(self.expires_at or self.updated_at, self.updated_at) if over else None

    @property
    def holds(self) -> dict[str, bool]:
        """What had happened."""
        ended = self.ended
        left_early = bool(ended and self.canceled_at and self.canceled_at < ended)
        return {
            "start": self.state != "future" and not (ended and ended <= BEGUN),
            "cancel": self.state == "canceled" or left_early,
            "pause": self.state == "paused",
            "end": ended is not None,
        }


BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
days = st.integers(0, 9).map(lambda day: BEGUN + timedelta(days=day))
states = st.builds(
    State, days, st.sampled_from(STATES), st.none() | days, st.none() | days, st.integers(1, 2)
)


def walked(rows: list[State]) -> list[dict[str, datetime]]:
    """What each row tells, by a walk through them: the specification, one row at a time."""
    told: list[dict[str, datetime]] = []
    before: State | None = None
    for row in rows:
        at, last = row.updated_at, before.updated_at if before else None
        own = {"start": BEGUN, "cancel": row.canceled_at, "pause": None, "end": row.ended}
        events: dict[str, datetime] = {}
        for name, holds in row.holds.items():
            if holds and not (before and before.holds[name]):
                moment = own[name]
                fits = moment is not None and moment <= at and (last is None or moment > last)
                events[name] = moment if moment and fits else at
        if before and before.state == "canceled" and row.state in {"active", "paused"}:
            events["withdraw"] = at
        if before and before.state == "paused" and row.state == "active":
            events["resume"] = at
        runs = row.ended is None and row.state != "future"
        another = before is not None and before.quantity != row.quantity
        fresh = at - BEGUN <= timedelta(days=1)
        if runs and ((another and before and before.holds["start"]) or not (before or fresh)):
            events["change"] = at
        told.append(events)
        before = row
    return told


@given(st.lists(states, min_size=1, max_size=6))
def test_each_row_tells_what_a_walk_through_the_rows_finds(rows: list[State]):
    rows = sorted(rows, key=lambda row: row.updated_at)
    plain = pl.DataFrame(
        [
            {"id": "s", "account_id": "a", "activated_at": BEGUN, "unit_amount": 1.0,
             "currency": "EUR", "file": "f", "row": number, "updated_at": row.updated_at,
             "state": row.state, "canceled_at": row.canceled_at, "expires_at": row.expires_at,
             "quantity": float(row.quantity)}
            for number, row in enumerate(rows)
        ],
    )  # fmt: skip
    schema = empty("subscription_history").collect_schema()
    given_rows = plain.cast({name: schema[name] for name in plain.columns}).lazy()
    history = pl.concat([empty("subscription_history"), given_rows], how="diagonal")
    coupons = redemptions(empty("coupon_redemption_history"), empty("coupon_discount"))
    # One plan whose price is that of a month.
    plans = empty("plan_history")
    history = history.with_columns(
        current_period_started_at=pl.lit(BEGUN), current_period_ends_at=pl.lit(MONTH_LATER)
    )
    found = subscriptions(history, plans, empty("coupon_redemption_history"), coupons)
    versions, earlier = pl.collect_all([found.versions.sort("row"), found.earlier])
    told = [
        {name: row[f"{name}_at"] for name in EVENTS if row[f"{name}_at"] is not None}
        for row in versions.iter_rows(named=True)
    ]
    for row in earlier.iter_rows(named=True):
        carried = ("start", "cancel", "end")
        told[row["row"]] |= {name: row[f"{name}_at"] for name in carried if row[f"{name}_at"]}
        assert rows[row["row"]].updated_at - BEGUN > timedelta(days=1)
    assert told == walked(rows)


MONTH_LATER = datetime(2026, 2, 1, tzinfo=UTC)
