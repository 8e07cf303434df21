"""The made-up exports of the tutorial: what `perdura init` makes of them is what was simulated."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.landing.landing import Landing
from perdura.sources.simulator.company import simulate
from tests.support.schedule_served import environment, run

EXAMPLES = Path(__file__).parents[2] / "examples"
SUBSCRIBERS, MONTHS = 300, 16


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("company")
    simulate(folder, subscribers=SUBSCRIBERS, months=MONTHS)
    return {
        name: pl.read_parquet(folder / name / "*.parquet")
        for name in ("subscriptions", "payments", "tickets")
    }


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """What lands through the mapping that `perdura init` writes for both exports."""
    folder = tmp_path_factory.mktemp("exported")
    spec = spec_from_file_location("vendor_exports", EXAMPLES / "vendor_exports.py")
    assert spec
    assert spec.loader
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    made.main(folder, SUBSCRIBERS)
    env = environment(folder / "home")
    words = ["init", "--stripe", str(folder / "stripe"), "--zendesk", str(folder / "zendesk")]
    done = run([*words, "--yes"], env)
    assert done.returncode == 0, done.stderr
    done = run(["extract", "--until", "2026-11-01"], env)
    assert done.returncode == 0, done.stderr
    events = Landing(folder / "home" / "data" / "landing").events()
    return {name: frame.collect() for name, frame in events.items()}


def of_kind(events: pl.DataFrame, kind: str, column: str) -> set[str]:
    rows = events.filter((pl.col("kind") == kind) & (pl.col("happened_at") < END))
    return {text.removeprefix("cus_") for text in rows[column].cast(pl.String)}


END = pl.datetime(2026, 11, 1, time_zone="UTC")


@pytest.mark.parametrize("kind", ["started", "ended"])
def test_the_same_customers_start_and_leave(
    simulated: dict[str, pl.DataFrame], landed: dict[str, pl.DataFrame], kind: str
) -> None:
    expected = of_kind(simulated["subscriptions"], kind, "subscriber_id")
    assert of_kind(landed["subscriptions"], kind, "subscriber_id") == expected


@pytest.mark.parametrize("kind", ["paid", "failed", "invoiced"])
def test_the_same_customers_pay(
    simulated: dict[str, pl.DataFrame], landed: dict[str, pl.DataFrame], kind: str
) -> None:
    told = simulated["subscriptions"].filter(pl.col("mrr") > 0)["subscriber_id"].unique()
    payments = simulated["payments"].filter(pl.col("subscriber_id").is_in(told.implode()))
    expected = of_kind(payments, kind, "subscriber_id")
    assert of_kind(landed["payments"], kind, "subscriber_id") >= expected


def test_tickets_meet_the_customers_who_pay(
    simulated: dict[str, pl.DataFrame], landed: dict[str, pl.DataFrame]
) -> None:
    expected = of_kind(simulated["tickets"], "opened", "subscriber_id")
    assert of_kind(landed["tickets"], "opened", "subscriber_id") == expected
