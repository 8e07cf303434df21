"""The night and the week, run for real against a Prefect server."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from pandas.testing import assert_frame_equal

from perdura.flows.configuration.dates import NotYet, today
from perdura.flows.score_nightly import (
    FITTED_ON_LATER_OUTCOMES,
    NoActiveSubscribers,
    NotYetKnown,
    score_nightly,
)
from perdura.flows.settings import Settings
from perdura.flows.steps.extract_sources import extract_sources
from perdura.flows.steps.training_window import NothingLanded
from perdura.flows.train_weekly import train_weekly
from perdura.models.registry.champion import NoChampion, OtherQuestion, load_champion
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.models.registry.trial import NoTrial
from perdura.models.registry.versions import BrokenChampion
from perdura.risk.publish.not_scored import not_scored_of
from perdura.risk.query.accounts import risks_by_account
from perdura.risk.query.portfolio import portfolio_of
from perdura.risk.store.connect import reading
from perdura.risk.table import NoNight, TrialRefused, read
from perdura.sources.events import SUBSCRIPTIONS, TICKETS, EventTable
from perdura.sources.landing.landing import Landing
from perdura.sources.states.states import states_at
from tests.support.small_sources import Business

NIGHT = date(2026, 11, 1)


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained home, to do with as one likes."""
    return shutil.copytree(trained, tmp_path / "home")


def published(home: Path, **asked):
    return read(Settings(home=home).risk_url, **asked)


def test_a_night_lists_everyone_active_riskiest_first(home):
    night = score_nightly(NIGHT, home)
    rows = published(home)
    assert len(rows) == night.rows > 1000
    assert rows["risk"].is_monotonic_decreasing
    assert rows["subscriber_id"].is_unique
    assert set(rows["state"]) == {"active", "past_due"}
    assert rows["risk"].between(0, 1).all()
    riskiest = rows.iloc[0]
    assert 1 <= len(riskiest["reasons"]) <= 4
    assert riskiest["action_text"]
    assert list(night.seconds) == ["extract", "score", "publish", "states", "features", "reasons"]


def test_a_night_done_again_is_the_same_night(home):
    score_nightly(NIGHT, home)
    once = published(home)
    score_nightly(NIGHT, home)
    assert_frame_equal(once, published(home))


def test_support_sees_whom_to_save_whom_to_offer_more_and_whom_to_leave_alone(home):
    score_nightly(NIGHT, home)
    rows = published(home)
    assert set(rows["advice"]) == {"save", "offer", "leave_alone"}
    escalated = still_escalated(Settings(home=home))
    assert escalated & set(rows["subscriber_id"])
    trouble = (rows["state"] == "past_due") | rows["subscriber_id"].isin(escalated)
    assert (rows["advice"] == "save").equals((rows["band"] == "high") | trouble)
    assert (rows["advice"] == "leave_alone").equals(rows["action"] == "leave_alone")
    asked = rows[rows["offer"].notna()]
    assert set(asked["state"]) == {"active"}
    assert "high" not in set(asked["band"])
    assert (asked["advice"] == "offer").equals(
        asked["offer"] >= Settings(home=home).support.offer_from
    )
    assert not escalated & set(asked["subscriber_id"])


def test_who_stays_in_the_high_band_is_not_said_to_be_left_alone(home, monkeypatch):
    score_nightly(NIGHT - timedelta(days=1), home)
    monkeypatch.setenv("PERDURA_RISK_TABLE__HIGH", "0.3")
    score_nightly(NIGHT, home)
    rows = published(home)
    assert ((rows["band"] == "high") & (rows["risk"] < 0.3)).any()
    assert set(rows["advice"][rows["band"] == "high"]) == {"save"}
    assert not set(rows["action"][rows["band"] == "high"]) & {"leave_alone"}


def test_a_night_tells_how_long_people_stay_and_what_they_are_worth(home):
    score_nightly(NIGHT, home)
    rows = published(home)
    stays = rows[["survival_3m", "survival_6m", "survival_12m"]]
    assert (stays.diff(axis=1).iloc[:, 1:] <= 0).all(axis=None)
    assert (stays["survival_3m"] <= 1 - rows["risk"] + 1e-12).all()
    assert rows["lifetime_months"].between(0, 36).all()
    priced = rows[rows["mrr"] > 0]
    assert (priced["value_currency"] == priced["currency"]).all()
    assert ((priced["cltv_low"] <= priced["cltv"]) & (priced["cltv"] > 0)).all()


def test_the_scored_and_the_others_are_all_mrr_of_the_day(home):
    score_nightly(NIGHT, home)
    settings = Settings(home=home)
    as_of = settings.nights.as_of(NIGHT)
    everyone = states_at(settings.landing.events(), as_of).filter(pl.col("state") != "gone")
    with reading(settings.risk_url) as connection:
        portfolio, others = portfolio_of(connection, [NIGHT]), not_scored_of(connection, NIGHT)
    assert {other.state for other in others} >= {"leaving"}
    for currency in everyone["currency"].drop_nulls().unique():
        ledger = everyone.filter(currency=currency)["mrr"].sum()
        scored = sum(entry.mrr for entry in portfolio if entry.currency == currency)
        rest = sum(other.mrr for other in others if other.currency == currency)
        assert (scored + rest, rest > 0) == (ledger, True)
    rows = published(home)
    churned = (rows["risk"] * rows["mrr"].astype("float64")).sum()
    assert sum(entry.expected_loss for entry in portfolio) == pytest.approx(churned, rel=1e-3)
    assert len(rows) + sum(other.subscribers for other in others) == everyone.height


def test_a_night_has_all_money_in_one_currency_where_the_settings_say_so(home):
    rates = home / "rates.csv"
    rates.write_text("date,currency,rate\n2026-10-30,USD,0.9\n2026-10-30,GBP,1.2\n")
    (home / "perdura.toml").write_text(f'reporting_currency = "EUR"\nexchange_rates = "{rates}"\n')
    assert score_nightly(NIGHT, home).degraded == ()
    rows = published(home)
    known = rows["currency"].isin(["EUR", "USD", "GBP"]) & rows["mrr"].notna()
    assert set(rows["value_currency"].dropna()) == {"EUR"}
    assert rows["cltv"].notna().equals(known)
    rates.write_text("date,currency,rate\n2026-10-01,USD,0.9\n")
    assert score_nightly(NIGHT, home).degraded == ("exchange_rates",)


def still_escalated(settings: Settings) -> set[str]:
    """Who has a ticket that was escalated and not resolved since, read in the plainest way."""
    tickets = settings.landing.events()["tickets"].collect().sort("happened_at")
    last = tickets.filter(pl.col("kind").is_in(["escalated", "resolved"])).group_by("ticket_id")
    return set(last.last().filter(kind="escalated")["subscriber_id"])


def test_a_night_that_cannot_see_who_is_in_trouble_offers_nobody_anything(home):
    (home / "perdura.toml").write_text("stale_after_days = 30")  # and nothing to extract from
    assert score_nightly(date(2026, 10, 20), home).degraded == (FITTED_ON_LATER_OUTCOMES,)
    assert published(home)["offer"].notna().any()
    add_days_of_silence(home, TICKETS, since=datetime(2026, 9, 1, tzinfo=UTC))
    assert score_nightly(date(2026, 10, 20), home).degraded == ("tickets", FITTED_ON_LATER_OUTCOMES)
    assert published(home)["offer"].isna().all()
    assert set(published(home)["advice"]) == {"save", "leave_alone"}


def add_days_of_silence(home: Path, table: EventTable, since: datetime) -> None:
    for file in Landing(home / "data" / "landing").files(table).values():
        pl.read_parquet(file).filter(pl.col("known_at") < since).write_parquet(file)


def test_an_old_night_can_be_done_again_beside_the_new_one(home):
    score_nightly(NIGHT, home)
    old = score_nightly(date(2026, 9, 15), home)
    assert published(home).iloc[0]["scored_on"].date() == NIGHT
    assert len(published(home, scored_on=date(2026, 9, 15))) == old.rows


def test_a_night_whose_outcome_the_model_has_seen_says_so(home):
    assert FITTED_ON_LATER_OUTCOMES in score_nightly(date(2026, 3, 1), home).degraded
    assert FITTED_ON_LATER_OUTCOMES not in score_nightly(NIGHT, home).degraded


def test_a_silent_source_marks_the_night_as_degraded(home):
    shutil.rmtree(home / "data" / "landing" / "tickets")
    day = date(2026, 11, 6)
    (home / "perdura.toml").write_text("")  # nothing to extract from
    assert set(score_nightly(day, home).degraded) >= {"payments", "subscriptions"}
    assert "payments" in published(home).iloc[0]["degraded"]


def test_a_night_keeps_the_account_of_each_subscriber(home, tmp_path):
    score_nightly(NIGHT, home)
    before = published(home)
    assert before["account"].isna().all()
    members = before["subscriber_id"].head(3).tolist()
    business = Business(tmp_path / "accounts").maps(
        """
        [subscribers]
        file = "customers.csv"
        subscriber_id = "id"
        happened_at = "since"
        attributes = ["account"]
        """
    )
    rows = "".join(f"{who},acme,2026-01-03\n" for who in members)
    business.write("customers.csv", f"id,account,since\n{rows}")
    business.extract(datetime(2026, 11, 1, tzinfo=UTC))
    shutil.copytree(
        business.landing.folder / "subscribers", home / "data" / "landing" / "subscribers"
    )
    score_nightly(NIGHT, home)
    rows = published(home)
    assert set(rows.loc[rows["account"].notna(), "subscriber_id"]) == set(members)
    assert_frame_equal(rows.drop(columns="account"), before.drop(columns="account"))
    (acme,) = risks_by_account(Settings(home=home).risk_url, 10).accounts
    assert (acme.account, acme.riskiest) == ("acme", members[0])


def test_a_new_plan_costs_nobody_the_night(home):
    assert score_nightly(NIGHT, home).unknown == {}
    before = published(home)
    add_a_plan_nobody_knows(home)
    night = score_nightly(NIGHT, home)
    rows = published(home)
    assert set(rows["subscriber_id"]) == set(before["subscriber_id"])
    new = rows["plan"] == "platinum"
    assert rows["unknown_values"].eq("plan").equals(new)
    found = night.unknown["plan"]
    assert (found.texts, found.subscribers, found.more) == (("platinum",), new.sum(), 0)
    assert found.share == pytest.approx(new.mean())
    assert found.share > 0.05
    assert any("plan: " in why and "of subscribers have a value" in why for why in night.degraded)
    assert list(night.degraded) == rows.iloc[0]["degraded"]
    named = [reason["column"] for reasons in rows[new]["reasons"] for reason in reasons]
    assert "plan" not in named


def test_a_currency_of_a_few_does_not_degrade_the_night(home):
    add_a_plan_nobody_knows(home, most=20)
    night = score_nightly(NIGHT, home)
    assert 0 < night.unknown["plan"].subscribers <= 20
    assert night.degraded == ()


def add_a_plan_nobody_knows(home: Path, most: int = 10**6) -> None:
    newest = max(Landing(home / "data" / "landing").files(SUBSCRIPTIONS).values())
    first = pl.col("plan") == pl.col("plan").first()
    plan = pl.when(first & (first.cum_sum() <= most)).then(pl.lit("platinum"))
    rows = pl.read_parquet(newest)
    rows.with_columns(plan=plan.otherwise("plan")).write_parquet(newest)


def test_without_a_champion_score_says_what_to_run(tmp_path):
    with pytest.raises(NoChampion, match="perdura train"):
        score_nightly(NIGHT, tmp_path)
    with pytest.raises(NoNight):
        published(tmp_path)


def refuse_all(home: Path) -> None:
    """As if the only version there is had been refused."""
    with mlflow_at(home) as client:
        client.delete_registered_model_alias("churn", "champion")
        client.set_model_version_tag("churn", "1", "promoted", "false")
        client.set_model_version_tag("churn", "1", "verdict", "Refused: for this test.")


def test_where_every_version_was_refused_a_trial_shows_what_the_best_says(home):
    refuse_all(home)
    with pytest.raises(NoChampion, match="perdura score --trial"):
        score_nightly(NIGHT, home)
    night = score_nightly(NIGHT, home, trial=True)
    assert (night.model_version, night.refused) == ("1", "Refused: for this test.")
    assert published(home)["trial"].all()
    with pytest.raises(NoChampion):
        score_nightly(NIGHT, home)


def test_the_champions_night_replaces_a_trial_and_no_trial_replaces_it(home):
    refuse_all(home)
    score_nightly(NIGHT, home, trial=True)
    with mlflow_at(home) as client:
        client.set_registered_model_alias("churn", "champion", "1")
    score_nightly(NIGHT, home)
    assert not published(home)["trial"].any()
    with pytest.raises(NoTrial, match="version 1 is the champion"):
        score_nightly(NIGHT, home, trial=True)
    refuse_all(home)
    with pytest.raises(TrialRefused, match="a trial never replaces it"):
        score_nightly(NIGHT, home, trial=True)
    assert not published(home)["trial"].any()


def test_settings_that_ask_for_another_horizon_are_not_served_by_the_champion(home):
    assert set(published_night(home)["horizon_days"]) == {30}
    with (home / "perdura.toml").open("a") as file:
        file.write("\nhorizon_days = 60\n")
    with pytest.raises(OtherQuestion, match=r"horizon_days 60.*horizon_days 30, not 60"):
        score_nightly(NIGHT, home)
    assert set(published(home)["horizon_days"]) == {30}


def published_night(home: Path):
    score_nightly(NIGHT, home)
    return published(home)


@pytest.mark.usefixtures("without_earlier_dates")
def test_a_training_for_another_horizon_leaves_the_champion_where_it_is(home):
    with (home / "perdura.toml").open("a") as file:
        file.write("\nhorizon_days = 60\n")
    other = train_weekly(home=home)
    own = "churn-contract-lead0-horizon60-grace30"
    assert other.version == f"{own}/1"
    assert f"a version of a model of its own, {own}" in other.reasons[-1]
    assert "champion" not in other.metrics
    assert other.trial is not other.promoted
    assert load_champion(home)[1] == "1"
    night = score_nightly(NIGHT, home, trial=not other.promoted)
    assert (night.horizon_days, night.model_version) == (60, other.version)
    assert published(home)["cltv"].isna().all()
    assert "CLTV is unknown for all" in (night.unlearnt or "")


@pytest.mark.usefixtures("without_earlier_dates")
def test_a_champion_whose_files_are_gone_is_told_and_trained_anew(home):
    lost = next((home / "mlruns").rglob("contract.json")).parent
    lost.rename(lost.with_name("lost"))
    with pytest.raises(BrokenChampion, match="perdura train"):
        score_nightly(NIGHT, home)
    assert train_weekly(home=home).promoted
    assert score_nightly(NIGHT, home).model_version == "2"


def test_without_events_train_says_what_to_run(tmp_path):
    with pytest.raises(NothingLanded, match="perdura extract"):
        train_weekly(home=tmp_path)


def test_a_time_of_which_nothing_was_read_is_not_scored(home):
    (home / "perdura.toml").write_text("")  # nothing to extract from
    with pytest.raises(NotYetKnown, match="until 2026-11-01 only"):
        score_nightly(date(2026, 11, 9), home)


def test_a_day_that_has_not_come_is_neither_extracted_nor_scored(home, company):
    tomorrow = today() + timedelta(days=1)
    with pytest.raises(NotYet, match="give a day that has come"):
        score_nightly(tomorrow, home)
    with pytest.raises(NotYet):
        extract_sources(company / "mapping.toml", tomorrow, home)


def test_before_the_history_there_is_nobody_to_score(home):
    with pytest.raises(NoActiveSubscribers, match="none was"):
        score_nightly(date(2001, 1, 1), home)


def test_extract_done_again_is_byte_for_byte_the_same(home, company):
    files = sorted((home / "data" / "landing").rglob("*.parquet"))
    before = [file.read_bytes() for file in files]
    extract_sources(company / "mapping.toml", NIGHT, home)
    assert before == [file.read_bytes() for file in files]


@pytest.mark.usefixtures("without_earlier_dates")
def test_the_same_data_again_does_not_unseat_the_champion(home):
    again = train_weekly(home=home)
    assert not again.promoted
    assert "champion" in again.metrics
    assert again.metrics["champion"] == pytest.approx(again.metrics["model"])
