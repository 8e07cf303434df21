"""The lives of the simulated people: what may follow what, and what may not."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.simulator import simulate
from tests.support.sampled import true_events

#: What may come next in one subscription. A price may change between any two, except at the end.
NEXT = {
    None: {"trial_started", "started"},
    "trial_started": {"started", "ended"},
    "started": {"paused", "cancel_scheduled", "ended"},
    "resumed": {"paused", "cancel_scheduled", "ended"},
    "cancel_withdrawn": {"paused", "cancel_scheduled", "ended"},
    "paused": {"resumed"},
    "cancel_scheduled": {"cancel_withdrawn", "ended"},
    "ended": set(),
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("company")
    simulate(out, subscribers=6000, months=24, seed=2)
    return out


@pytest.fixture(scope="module")
def events(out: Path) -> dict[str, pl.DataFrame]:
    return true_events(out)


@pytest.fixture(scope="module")
def service(events: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """From each change of somebody's standing to the next: what they were in between."""
    changes = events["subscriptions"].filter(pl.col("kind") != "plan_changed")
    return changes.sort("person", "happened_at").select(
        "person", "kind", "happened_at", next_at=pl.col("happened_at").shift(-1).over("person")
    )


def test_each_subscription_goes_through_states_that_can_follow_each_other(
    events: dict[str, pl.DataFrame],
):
    rows = events["subscriptions"].filter(pl.col("kind") != "plan_changed").sort("happened_at")
    lives = rows.group_by("person", "subscription_id").agg("kind")
    for kinds in lives["kind"]:
        for before, after in pairwise([None, *kinds]):
            assert after in NEXT[before]


def test_a_new_subscription_begins_only_after_the_last_has_ended(
    events: dict[str, pl.DataFrame],
):
    rows = events["subscriptions"].sort("person", "happened_at")
    begun = rows.with_columns(
        before=pl.col("kind").shift(1).over("person"),
        other=pl.col("subscription_id") != pl.col("subscription_id").shift(1).over("person"),
    ).filter("other")
    assert len(begun) > 50
    assert set(begun["kind"]) == {"started"}
    assert set(begun["before"]) == {"ended"}


def test_whoever_is_away_or_paused_is_not_charged(
    events: dict[str, pl.DataFrame], service: pl.DataFrame
):
    charged = events["payments"].filter(pl.col("kind").is_in(["invoiced", "paid", "failed"]))
    standing = charged.sort("happened_at").join_asof(
        service.sort("happened_at").rename({"kind": "standing"}),
        on="happened_at",
        by="person",
        check_sortedness=False,
    )
    assert set(standing["standing"]) == {
        "started",
        "resumed",
        "cancel_scheduled",
        "cancel_withdrawn",
    }


def test_only_customers_open_tickets(events: dict[str, pl.DataFrame], service: pl.DataFrame):
    opened = events["tickets"].filter(kind="opened")
    standing = opened.sort("happened_at").join_asof(
        service.sort("happened_at").rename({"kind": "standing"}),
        on="happened_at",
        by="person",
        check_sortedness=False,
    )
    assert not set(standing["standing"]) & {None, "ended", "paused", "trial_started"}


def test_each_invoice_is_settled_once_at_most_and_nothing_is_paid_before_it_is_billed(
    events: dict[str, pl.DataFrame],
):
    at, kind = pl.col("happened_at"), pl.col("kind")
    invoices = (
        events["payments"]
        .group_by("invoice_id")
        .agg(
            billed=(kind == "invoiced").sum(),
            settled=kind.is_in(["paid", "written_off"]).sum(),
            amounts=pl.col("amount").n_unique(),
            billed_at=at.filter(kind == "invoiced").min(),
            first=at.min(),
        )
    )
    # In the last weeks the row that says it was billed may be among those not known yet.
    told = invoices.filter(pl.col("first") < pl.col("first").max() - timedelta(days=40))
    assert set(told["billed"]) == {1}
    assert set(told["settled"]) == {0, 1}
    assert set(told["amounts"]) == {1}
    assert (told["billed_at"] == told["first"]).all()


def test_a_subscription_ended_by_payment_was_preceded_by_failures(
    events: dict[str, pl.DataFrame],
):
    ended = events["subscriptions"].filter(kind="ended", reason="payment").sort("happened_at")
    failed = events["payments"].filter(kind="failed").sort("happened_at")
    failed = failed.select("person", "happened_at", failed_at="happened_at")
    last = ended.join_asof(
        failed, on="happened_at", by="person", check_sortedness=False, tolerance="35d"
    )
    assert last["failed_at"].null_count() == 0


def test_a_ticket_is_opened_before_anything_else_happens_to_it(events: dict[str, pl.DataFrame]):
    at, kind = pl.col("happened_at"), pl.col("kind")
    tickets = (
        events["tickets"]
        .group_by("ticket_id")
        .agg(
            first=at.min(),
            opened=at.filter(kind == "opened").min(),
            people=pl.col("person").n_unique(),
        )
    )
    # The row that says it was opened may be among those not known yet.
    assert tickets.filter(pl.col("opened") > pl.col("first")).is_empty()
    assert tickets["people"].max() == 1


def test_an_outage_makes_many_open_tickets_at_once(events: dict[str, pl.DataFrame]):
    outage = events["tickets"].filter(kind="opened", topic="outage")
    by_day = outage.group_by(pl.col("happened_at").dt.date()).len()
    quiet = events["tickets"].filter(pl.col("kind") == "opened", pl.col("topic") != "outage")
    assert by_day["len"].to_numpy().max() > 2 * len(quiet) / (24 * 30)


def test_a_merged_account_stops_and_the_other_goes_on_with_its_subscription(
    out: Path, events: dict[str, pl.DataFrame]
):
    merges = events["merges"]
    assert len(merges) > 5
    truth = pl.read_parquet(out / "truth" / "truth.parquet").rename({"as_of": "happened_at"})
    for name, rows in {**events, "truth": truth}.items():
        if name != "merges":
            old = rows.join(merges.select("subscriber_id", at="happened_at"), on="subscriber_id")
            new = rows.join(
                merges.select(subscriber_id="merged_into", at="happened_at"), on="subscriber_id"
            )
            assert (old["happened_at"] <= old["at"]).all()
            assert (new["happened_at"] > new["at"]).all()
    carried_on = events["subscriptions"].join(
        merges, left_on="subscriber_id", right_on="merged_into"
    )
    before = events["subscriptions"].join(merges, on="subscriber_id")
    assert set(carried_on["subscription_id"]) & set(before["subscription_id"])


def test_a_merge_is_known_before_the_next_month_starts(events: dict[str, pl.DataFrame]):
    merges = events["merges"]
    assert (merges["known_at"] > merges["happened_at"]).all()
    assert (merges["known_at"].dt.truncate("1mo") == merges["happened_at"].dt.truncate("1mo")).all()


def test_every_kind_of_person_is_there(events: dict[str, pl.DataFrame]):
    rows = events["subscriptions"]
    assert set(rows["currency"]) == {"EUR", "USD", "GBP", "JPY"}
    assert set(rows["interval_months"]) == {1, 12}
    assert rows["plan"].n_unique() == 4
    assert set(rows["reason"]) == {"voluntary", "payment", "other", None}
    yen = rows.filter(kind="started", currency="JPY", plan="basic", interval_months=1)["mrr"]
    assert yen.is_between(1000, 2000).all()
