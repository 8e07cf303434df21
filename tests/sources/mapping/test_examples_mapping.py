"""The two example mappings take data that nobody here wrote, whole, and count what is wrong."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.extract import extract
from perdura.sources.landing.landing import Events, Landing
from perdura.sources.mapping.mapping import TABLES, read_mapping
from perdura.sources.mapping.report.report import Report

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
DATA = ROOT.parent / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the third-party data is not beside this checkout, in ../shared/data"
)


@pytest.fixture(scope="module")
def landings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def cdnow(landings: Path) -> tuple[Report, Events]:
    landing = Landing(landings / "cdnow")
    until = datetime(1997, 10, 1, tzinfo=UTC)
    return extract(EXAMPLES / "cdnow.toml", until=until, landing=landing), landing.events()


@pytest.fixture(scope="module")
def ravenstack(landings: Path) -> tuple[Report, Events]:
    landing = Landing(landings / "ravenstack")
    until = datetime(2025, 1, 1, tzinfo=UTC)
    return extract(EXAMPLES / "ravenstack.toml", until=until, landing=landing), landing.events()


def test_every_purchase_of_cdnow_is_read_and_the_later_ones_wait(cdnow: tuple[Report, Events]):
    [payments] = cdnow[0].tables
    assert (payments.rows, payments.landed, payments.not_yet_known) == (69_659, 49_086, 20_573)
    assert payments.rejected == {}


def test_purchases_of_one_day_alike_to_the_cent_are_both_kept(cdnow: tuple[Report, Events]):
    payments = cdnow[1]["payments"].collect()
    alike = payments.filter(pl.struct("subscriber_id", "happened_at", "amount").is_duplicated())
    assert alike.height > 0
    assert payments["payment_id"].n_unique() == payments.height


def test_a_purchase_of_cdnow_has_its_person_day_and_cents(cdnow: tuple[Report, Events]):
    first = cdnow[1]["payments"].sort("happened_at", "subscriber_id").collect().row(0, named=True)
    assert first["subscriber_id"] == "00001"
    assert first["happened_at"] == datetime(1997, 1, 1, tzinfo=UTC)
    assert first["known_at"] == datetime(1997, 1, 1, 23, 59, tzinfo=UTC)
    assert (first["kind"], first["amount"], first["currency"]) == ("paid", 1177, "USD")


def test_settings_of_cdnow_say_what_leaving_is_there():
    churn = read_mapping(EXAMPLES / "cdnow.toml").settings["churn"]
    assert (churn["rule"], churn["horizon_days"]) == ("silence", 273)
    end = datetime(1997, 10, 1, tzinfo=UTC).toordinal() + churn["horizon_days"]
    assert date.fromordinal(end) == date(1998, 7, 1)


def test_ravenstack_is_taken_whole_and_its_dirt_is_counted(ravenstack: tuple[Report, Events]):
    tables = {each.table: each for each in ravenstack[0].tables}
    assert ravenstack[0].degraded == ()
    assert tables["tickets"].rows == 2_000
    assert tables["usage"].rows == 25_000
    assert tables["tickets"].rejected == {"ticket_before_signup": 3_900}
    assert tables["usage"].rejected == {"usage_outside_subscription": 19_432}
    assert tables["subscriptions"].rejected == {"duplicate": 7}


def test_over_half_of_its_tickets_and_three_quarters_of_its_usage_are_impossible(
    landings: Path, ravenstack: tuple[Report, Events]
):
    assert ravenstack[0].tables
    refused = {
        name: Landing(landings / "ravenstack")
        .rejected(TABLES[name], date(2025, 1, 1))["row"]
        .n_unique()
        for name in ("tickets", "usage")
    }
    assert refused["tickets"] / 2_000 == pytest.approx(0.54, abs=0.005)
    assert refused["usage"] / 25_000 == pytest.approx(0.78, abs=0.005)


def test_a_ticket_row_gives_its_events_each_at_its_time(ravenstack: tuple[Report, Events]):
    told = (
        ravenstack[1]["tickets"]
        .filter(pl.col("ticket_id") == "T-dfce9a")
        .sort("happened_at", "kind")
        .select("kind", "happened_at", "hours", "score")
        .collect()
    )
    opened, closed = datetime(2024, 9, 8, tzinfo=UTC), datetime(2024, 9, 9, 23, tzinfo=UTC)
    assert told.rows() == [
        ("opened", opened, None, None),
        ("replied", opened.replace(hour=2, minute=6), pytest.approx(2.1), None),
        ("rated", closed, None, 5.0),
        ("resolved", closed, 47.0, None),
    ]


def test_every_account_that_leaves_has_no_subscription_left_that_day(
    ravenstack: tuple[Report, Events],
):
    churned = pl.read_csv(DATA / "ravenstack" / "churn_events.csv", try_parse_dates=True)
    events = ravenstack[1]["subscriptions"].collect()
    for account, day in churned.select("account_id", "churn_date").head(50).iter_rows():
        end = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        until_then = events.filter(
            pl.col("subscriber_id") == account, pl.col("happened_at") < end
        ).sort("happened_at", pl.col("kind") == "ended")
        last = until_then.group_by("subscription_id").agg(pl.col("kind").last())
        assert set(last["kind"]) <= {"ended"}
