"""The report of a backtest: one line per date, baselines beside the model, segments below."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from perdura.models.evaluation.backtest_result import Backtest
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.reports.backtest_card import backtest_card, over_time, tuning_notes
from perdura.models.reports.write import write_backtest
from perdura.sources.events import MOMENT

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
METRICS = ("roc_auc", "calibration_error", "money_caught")


def backtest(*origins: datetime, params: TrainingParams | None = None) -> Backtest:
    """The model has a ROC AUC of 0.8 at each date, logistic regression of 0.7."""
    lines = [
        (origin, who, metric, value, value - 0.05, value + 0.05)
        for origin in origins
        for who, ranks in (("model", 0.8), ("logistic", 0.7))
        for metric, value in zip(METRICS, (ranks, 0.00025, 0.3), strict=True)
    ]
    schema = {"origin": MOMENT, "who": pl.String, "metric": pl.String}
    schema |= dict.fromkeys(("stated", "low", "high"), pl.Float64)
    segments = pl.DataFrame(
        [
            (MAY, "plan", "<em>pro|max</em>", 40, 4, 0.1, 0.00001, 0.75, 0.7, 0.8),
            (MAY, "country", "unknown", 9, 0, 0.0, 0.2, None, None, None),
        ],
        schema=[
            "origin",
            "group",
            "value",
            "rows",
            "churned",
            "rate",
            "risk",
            "roc_auc",
            "low",
            "high",
        ],
        orient="row",
    )
    overall = pl.DataFrame(lines, schema=schema, orient="row")
    return Backtest(params=params or TrainingParams(), overall=overall, segments=segments)


def test_it_says_at_how_many_dates_and_what_stands_in_brackets():
    text = backtest_card(backtest(MAY, JUNE))
    assert text.startswith("# Backtest\n\nMade anew at each of 2 dates from what was known by then")
    assert "evaluated on what followed" in text
    assert "In brackets: where the number lies in 95 of 100 samples of other subscribers." in text
    assert "at each of 1 date from" in backtest_card(backtest(MAY))


def test_each_date_is_a_line_of_the_model_with_its_intervals():
    found = over_time(backtest(MAY, JUNE))
    assert found.columns == ["origin", *METRICS]
    assert found["origin"].to_list() == [MAY, JUNE]
    assert found["roc_auc"].to_list() == ["0.800 (0.750, 0.850)"] * 2
    assert found["calibration_error"][0].startswith("0.00025 (")


def test_the_baselines_stand_beside_the_model():
    text = backtest_card(backtest(MAY, JUNE))
    beside = text.split("## Beside its baselines: ROC AUC")[1].split("##")[0].strip().split("\n")
    assert beside == [
        "| origin | model | logistic |",
        "|---|---|---|",
        "| 2026-05-01 | 0.800 | 0.700 |",
        "| 2026-06-01 | 0.800 | 0.700 |",
    ]


def test_segments_of_any_name_are_lines_and_unknown_rankings_are_said():
    text = backtest_card(backtest(MAY)).split("## By segment")[1]
    assert "\\<em\\>pro\\|max\\</em\\> | 40 | 4 | 0.100 | 1e-05 | 0.750 (0.700, 0.800) |" in text
    assert "| country | unknown | 9 | 0 | 0.000 | 0.200 | unknown |" in text


TUNED = "Its trees grow as tuned on 2026-04-01."
UNUSED = "The tuned parameters are not used: the horizon differs."
SEEN = "Dates before that were used to find them, so there the numbers are a little too good."


@pytest.mark.parametrize(
    ("tuned", "causes", "notes"),
    [
        (None, None, []),
        (UNUSED, None, [UNUSED]),
        (TUNED, BoosterParams(), [f"{TUNED} {SEEN}"]),
    ],
)
def test_what_tuning_has_seen_is_said(tuned, causes, notes):
    found = backtest(MAY, params=replace(TrainingParams(), tuned=tuned, cause_booster=causes))
    assert tuning_notes(found) == notes
    assert all(note in backtest_card(found) for note in notes)


def test_all_files_of_a_backtest_are_written_and_the_page_holds_its_picture(tmp_path):
    found = backtest(MAY, JUNE)
    write_backtest(found, tmp_path)
    names = {"backtest.md", "backtest.html", "backtest.png", "overall.csv", "segments.csv"}
    assert {file.name for file in tmp_path.iterdir()} == names
    assert (tmp_path / "backtest.md").read_text("utf-8") == backtest_card(found)
    page = (tmp_path / "backtest.html").read_text("utf-8")
    assert page.index(">Backtest<", page.index("<main>")) < page.index("data:image/png")
    assert page.count("data:image/png") == 1
    assert "<em>" not in page
    assert pl.read_csv(tmp_path / "overall.csv").height == found.overall.height
    assert pl.read_csv(tmp_path / "segments.csv")["value"].to_list() == [
        "<em>pro|max</em>",
        "unknown",
    ]
