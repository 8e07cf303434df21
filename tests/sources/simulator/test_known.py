"""Nothing hidden drives the simulated company: its events alone give every risk."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from perdura.sources.simulator import simulate
from perdura.sources.simulator.expansion import considers, expansion
from perdura.sources.simulator.hazard import hazard
from perdura.sources.simulator.prices import PLANS
from perdura.sources.simulator.signs import SimulatedSigns
from perdura.sources.simulator.vectors import Month
from tests.support.sampled import true_events, true_risks


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("company")
    simulate(out, subscribers=8000, months=14, seed=1)
    return out


def test_whoever_reads_only_what_was_known_can_work_out_every_risk(out: Path):
    events = true_events(out)
    truth = true_risks(out, events["merges"])
    for as_of in truth["as_of"].unique().sort()[2:]:
        rows = truth.filter(as_of=as_of).sort("person")
        known = {name: known_before(table, as_of) for name, table in events.items()}
        signs = read_again(rows.select("person"), known, as_of)
        again = hazard(signs)
        assert np.allclose(again.risk_voluntary, rows["risk_voluntary"], rtol=1e-6, atol=1e-12)
        assert np.allclose(again.risk_payment, rows["risk_payment"], rtol=1e-6, atol=1e-12)
        number = rows["person"].str.tail(8).cast(pl.Int64).to_numpy()
        stated = considers(number, Month((as_of.year - 1970) * 12 + as_of.month - 1))
        assert (rows["expansion"].is_not_null().to_numpy() == stated).all()
        expands = (again.stays * expansion(signs))[stated]
        told = rows["expansion"].drop_nulls()
        assert np.allclose(expands, told, rtol=1e-6, atol=1e-12)


def known_before(table: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    return table.filter(pl.col("known_at") < as_of, pl.col("happened_at") < as_of)


def read_again(
    people: pl.DataFrame, known: dict[str, pl.DataFrame], as_of: datetime
) -> SimulatedSigns:
    """The signs of ``people``, in their order, from rows as any business would have them."""
    at, kind = pl.col("happened_at"), pl.col("kind")

    def per_person(table: str, what: pl.Expr) -> np.ndarray:
        counted = known[table].sort("happened_at").group_by("person").agg(what.alias("value"))
        joined = people.join(counted, on="person", how="left", maintain_order="left")
        return joined["value"].fill_null(0).to_numpy().astype(float)

    def recent(table: str, days: int, which: pl.Expr) -> np.ndarray:
        return per_person(table, (which & (at >= as_of - timedelta(days=days))).sum())

    def balance(table: str, up: list[str], down: list[str]) -> np.ndarray:
        return per_person(table, kind.is_in(up).sum()) - per_person(table, kind.is_in(down).sum())

    previous = pl.col("mrr").shift(1).over("person")
    ordered = known["subscriptions"].sort("person", "happened_at").with_columns(was=previous)
    known = known | {"subscriptions": ordered}
    chosen = (kind == "plan_changed") & (pl.col("reason") == "voluntary")
    started = at.filter(kind == "started").max()
    annual = per_person("subscriptions", pl.col("interval_months").last()) == 12
    begun = per_person("subscriptions", started.dt.month())
    answered = (kind == "replied") & (at >= as_of - timedelta(days=90))
    plan = pl.col("plan").replace_strict({name: i for i, name in enumerate(PLANS)}).last()
    low, high = ((kind == "rated") & pl.col("score").is_between(*ends) for ends in ((1, 2), (4, 5)))
    asks_how = (kind == "opened") & (pl.col("topic") == "how_to")
    return SimulatedSigns(
        failures=recent("payments", 90, kind == "failed"),
        failures_lately=recent("payments", 30, kind == "failed"),
        unpaid=balance("payments", ["invoiced"], ["paid", "written_off"]),
        taken_back=recent("payments", 90, kind.is_in(["refunded", "disputed"])),
        open_tickets=balance("tickets", ["opened", "reopened"], ["resolved"]),
        tickets=recent("tickets", 30, kind == "opened"),
        reply_hours=per_person("tickets", pl.col("hours").filter(answered).mean()),
        low_ratings=recent("tickets", 90, low),
        high_ratings=recent("tickets", 90, high),
        how_to_tickets=recent("tickets", 90, asks_how),
        escalations=recent("tickets", 90, kind == "escalated"),
        price_rises=recent(
            "subscriptions", 60, (kind == "plan_changed") & (pl.col("reason") == "other")
        ),
        downgrades=recent("subscriptions", 90, chosen & (pl.col("mrr") < pl.col("was"))),
        upgrades=recent("subscriptions", 180, chosen & (pl.col("mrr") > pl.col("was"))),
        pauses=recent("subscriptions", 180, kind == "paused"),
        tenure_days=per_person("subscriptions", (as_of - started).dt.total_microseconds())
        / 86_400e6,
        renews=annual & (begun == as_of.month),
        annual=annual,
        plan=per_person("subscriptions", plan).astype(int),
        seats=per_person("subscriptions", pl.col("quantity").last()).astype(int),
        of_year=as_of.month - 1,
    )
