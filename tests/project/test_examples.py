"""The examples from end to end: real purchases, and a company without any signal."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from perdura.flows.score_nightly import score_nightly
from perdura.flows.settings import Settings
from perdura.flows.steps.extract_sources import extract_sources
from perdura.flows.train_weekly import Training, train_weekly
from perdura.models.registry.champion import NoChampion
from perdura.risk.table import read
from perdura.sources.landing.landing import Landing

SHARED = Path(__file__).parents[3] / "shared" / "data"
EXAMPLES = Path(__file__).parents[2] / "examples"
CUT = datetime(1997, 10, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not SHARED.exists(), reason="third-party data is not beside the checkout"
)


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with all of CDNOW's purchases."""
    home = tmp_path_factory.mktemp("cdnow")
    extract_sources(EXAMPLES / "cdnow.toml", date(1998, 7, 1), home)
    return home


@pytest.fixture(scope="module")
def cdnow_trained(cdnow: Path) -> Training:
    """Trained for: at 1997-10-01, who buys nothing more until 1998-06-30?"""
    return train_weekly(home=cdnow)


def test_cdnow_ranks_people_it_has_never_seen(cdnow_trained):
    assert cdnow_trained.metrics["model"]["roc_auc"] >= 0.77
    assert cdnow_trained.promoted


def test_cdnow_lists_real_people_with_reasons_that_fit_their_purchases(cdnow, cdnow_trained):
    assert cdnow_trained.promoted
    score_nightly(CUT.date(), cdnow)
    night = read(Settings(home=cdnow).risk_url, top=200).to_dict("records")
    bought = days_since_last_purchase(cdnow, CUT)
    said = [
        (bought[row["subscriber_id"]], reason["text"])
        for row in night
        for reason in row["reasons"]
        if reason["text"].startswith("the last payment was")
    ]
    assert len(said) > 20
    for days, text in said:
        assert text.startswith(f"the last payment was {days:.0f} days ago (similar customers: ")


def test_cdnow_has_no_failed_payment_and_nobody_reads_of_one(cdnow, cdnow_trained):
    assert cdnow_trained.promoted
    score_nightly(CUT.date(), cdnow)
    night = read(Settings(home=cdnow).risk_url, top=30_000)
    given = {reason["signal"] for reasons in night["reasons"].to_list() for reason in reasons}
    assert "payment_activity" in given
    assert "payment_failures" not in given
    assert "update_payment_method" not in set(night["action"])


def days_since_last_purchase(home: Path, as_of: datetime) -> dict[str, float]:
    """Days from each person's last known purchase to ``as_of``."""
    events = Landing(home / "data" / "landing").events()["payments"]
    last = (
        events.filter(pl.col("known_at") < as_of)
        .group_by("subscriber_id")
        .agg(pl.col("happened_at").max())
        .collect()
    )
    return {who: (as_of - when).total_seconds() / 86400 for who, when in last.rows()}


def test_ravenstack_has_no_signal_and_is_refused(tmp_path):
    report = extract_sources(EXAMPLES / "ravenstack.toml", date(2025, 1, 1), tmp_path)
    rejected = {each.table: each.rejected for each in report.tables}
    assert rejected["tickets"]["ticket_before_signup"] > 3000
    trained = train_weekly(home=tmp_path)
    assert 0.42 <= trained.metrics["model"]["roc_auc"] <= 0.58
    assert not trained.promoted
    assert any("ROC AUC" in reason for reason in trained.reasons)
    with pytest.raises(NoChampion):
        score_nightly(date(2025, 1, 1), tmp_path)
