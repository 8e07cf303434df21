"""The pictures: each is a readable file, and says in the words of the field what it shows."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest
from matplotlib.image import imread

from perdura.models.reports.html import page
from perdura.models.reports.plots import draw_backtest, draw_months, draw_pictures
from tests.support.evaluated_rows import table_of

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
IMPORTANCE = pl.DataFrame({"column": ["a<b", "c|d"], "share": [0.75, 0.25]})
PICTURES = {"calibration.png", "gain.png", "voluntary.png", "payment.png", "importance.png"}


def words(file: Path) -> str:
    """The words of a picture that was written as SVG with its texts."""
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", file.read_text("utf-8")))


@pytest.fixture
def text_in_svg():
    with mpl.rc_context({"svg.fonttype": "none"}):
        yield


def made_rows(**more: Sequence[object]) -> pl.DataFrame:
    """Twenty rows of known risk; each fourth churned."""
    risk = np.linspace(0.02, 0.6, 20).tolist()
    left = [int(k % 4 == 3) for k in range(20)]
    cause = ["payment" if k == 3 else "voluntary" if k % 4 == 3 else None for k in range(20)]
    parts = {"risk_voluntary": [r * 0.7 for r in risk], "risk_payment": [r * 0.3 for r in risk]}
    return table_of(risk, left, cause=cause, **parts, **more)


def test_five_pictures_are_written_and_can_be_read(tmp_path):
    draw_pictures(made_rows(logistic=[0.1] * 20, recency=[3.0] * 20), IMPORTANCE, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == PICTURES
    for file in tmp_path.iterdir():
        height, width, _ = imread(file).shape
        assert (width, height) == (770, 550)
        assert len(np.unique(imread(file)[:, :, 0])) > 10


def test_pictures_need_no_baselines(tmp_path):
    draw_pictures(made_rows(), IMPORTANCE, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == PICTURES


@pytest.mark.parametrize("left", [0, 1])
def test_where_all_or_none_left_pictures_are_drawn_too(left, tmp_path):
    rows = made_rows().with_columns(
        churned=pl.lit(bool(left)), risk=pl.lit(0.0) if not left else pl.lit(1.0)
    )
    draw_pictures(rows.with_columns(risk_payment=0.0, risk_voluntary=0.0), IMPORTANCE, tmp_path)
    assert len(list(tmp_path.iterdir())) == 5


def test_other_risks_make_another_picture_and_the_same_the_same(tmp_path):
    for name, rows in (
        ("one", made_rows()),
        ("same", made_rows()),
        ("other", made_rows().with_columns(risk=0.9 - pl.col("risk"))),
    ):
        (tmp_path / name).mkdir()
        draw_pictures(rows, IMPORTANCE, tmp_path / name)
    one, same, other = (
        {name: imread(tmp_path / folder / name) for name in PICTURES}
        for folder in ("one", "same", "other")
    )
    assert all((one[name] == same[name]).all() for name in PICTURES)
    differ = {name for name in PICTURES if (one[name] != other[name]).any()}
    assert differ == {"calibration.png", "gain.png"}


def test_every_picture_that_is_written_has_its_place_on_the_page(tmp_path):
    draw_pictures(made_rows(), IMPORTANCE, tmp_path)
    card = (
        "# Churn model\n\n## Evaluated on later dates\n\n## By cause, date\n\n"
        "## What it goes by\n\n## Data\n"
    )
    text = page(card, tmp_path)
    assert text.count("<img ") == 5
    order = [
        text.index(mark)
        for mark in (
            ">Evaluated on",
            'alt="calibration"',
            'alt="gain"',
            ">By cause",
            'alt="voluntary"',
            'alt="payment"',
            ">What it goes by",
            'alt="importance"',
            ">Data",
        )
    ]
    assert order == sorted(order)


def test_a_picture_whose_heading_is_missing_stands_at_the_end(tmp_path):
    draw_pictures(made_rows(), IMPORTANCE, tmp_path)
    text = page("# Churn model\n\nNo sections.\n", tmp_path)
    assert text.index("No sections.") < text.index("<img ")
    assert text.count("<img ") == 5


def overall(*who: str) -> pl.DataFrame:
    metrics = ("roc_auc", "calibration_error", "money_caught")
    return pl.DataFrame(
        [
            (origin, model, metric, 0.5, 0.4, 0.6)
            for origin in (JUNE, MAY)
            for model in who
            for metric in metrics
        ],
        schema=["origin", "who", "metric", "stated", "low", "high"],
        orient="row",
    )


@pytest.mark.usefixtures("text_in_svg")
def test_a_backtest_shows_ranking_calibration_and_money_over_time(tmp_path):
    draw_backtest(overall("model", "logistic", "recency", "constant"), tmp_path / "backtest.svg")
    said = words(tmp_path / "backtest.svg")
    for text in (
        "How well does it rank? (ROC AUC)",
        "How far are risks from rates? (calibration error)",
        "revenue",
        "trained at this date, evaluated on what followed",
    ):
        assert text in said
    for name in ("model", "logistic", "recency"):
        assert said.split().count(name) == 1  # one legend for all
    assert "constant" not in said


@pytest.mark.usefixtures("text_in_svg")
def test_a_backtest_without_baselines_has_a_line_of_the_model_alone(tmp_path):
    draw_backtest(overall("model"), tmp_path / "backtest.svg")
    said = words(tmp_path / "backtest.svg")
    assert "model" in said
    assert "logistic" not in said


@pytest.mark.usefixtures("text_in_svg")
def test_later_months_show_the_predicted_and_the_observed_hazard(tmp_path):
    months = pl.DataFrame(
        {
            "month": [1, 2, 11],
            "rows": [9, 8, 7],
            "said": [0.1, 0.1, 0.1],
            "rate": [0.12, 0.0, 0.1],
            "low": [0.05, 0.0, 0.05],
            "high": [0.2, 0.1, 0.2],
        }
    )
    draw_months(months, tmp_path / "months.svg")
    said = words(tmp_path / "months.svg")
    for text in (
        "months later",
        "share of the remaining that leaves",
        "observed",
        "predicted",
        "11",
    ):
        assert text in said
