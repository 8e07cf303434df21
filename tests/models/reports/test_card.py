"""The model card: every section, from a training that was fitted once and varied."""

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from perdura.models.evaluation.backtest_result import Earlier
from perdura.models.evaluation.intervals import intervals
from perdura.models.evaluation.leakage import WithoutLastDays
from perdura.models.evaluation.refit_comparison import Procedures
from perdura.models.evaluation.risk_level import Level
from perdura.models.evaluation.survival_metrics import MonthsEvaluation
from perdura.models.reports.card import groups, left_out, model_card
from perdura.models.reports.refit_card import refit_card
from perdura.models.training.expansion_result import Expansion
from perdura.models.training.result import Trained
from tests.support.small_training import SMALL_PARAMS, small_training

ROOT = Path(__file__).parents[3]
MAY, JULY = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


@cache
def segments() -> pl.DataFrame:
    return groups(small_training())


def card(**changed: object) -> str:
    """The card of the small training, with other values in these places."""
    return model_card(replace(small_training(), **changed), segments())


def section(text: str, heading: str) -> str:
    """The text below a heading, up to the next."""
    return text.split(f"## {heading}")[1].split("\n## ", maxsplit=1)[0]


def test_the_sections_come_in_the_order_of_reading():
    assert re.findall("^#+ (.*)$", card(), re.MULTILINE) == [
        "Churn model",
        "Verdict",
        "Evaluated on later dates than it was fitted on",
        "What 50 calls a date are worth",
        "By cause, date and segment",
        "What is published",
        "How long they stay",
        "Leakage checks",
        "Are its reasons true of it?",
        "Upgrade offers",
        "What it goes by",
        "Data",
        "Limits",
    ]


def test_every_reason_of_the_verdict_is_an_item():
    trained = small_training()
    items = section(card(), "Verdict").strip().split("\n")
    assert items == [f"- {reason}" for reason in trained.verdict.reasons]
    assert len(items) > 1


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {},
            "(cancels, or is ended by a failed payment) and is not back in 30 days",
        ),
        ({"grace_days": 14}, "is not back in 14 days, in the next 30 days"),
        (
            {"churn": "silence", "horizon_days": 90},
            "subscriber pays nothing, in the next 90 days",
        ),
        ({"horizon_days": 1}, "in the next 1 day."),
        ({"lead_days": 7}, "in the 30 days from 7 days on."),
        ({"lead_days": 1, "horizon_days": 1}, "in the 1 day from 1 day on."),
        ({"tuned": "Its trees grow as tuned."}, "evaluated. Its trees grow as tuned.\n"),
    ],
)
def test_what_is_predicted_is_said_first(params, said):
    text = card(params=replace(SMALL_PARAMS, **params))
    assert said in text.split("## Verdict")[0]


def test_until_when_it_knew_what_happened_is_said():
    until = small_training().evidence.fitted_until
    assert f"Nothing that happened from {until:%Y-%m-%d} on was used" in card()


def test_each_metric_has_its_interval_and_stands_beside_the_baselines():
    trained = small_training()
    lines = section(card(), "Evaluated on").split("\n")
    assert lines[2] == "|  | model | constant | own_rate | recency | logistic |"
    ends = intervals(trained.test_rows, calls=50)
    for name, value in trained.metrics_by_model["model"].values.items():
        line = next(line for line in lines if line.startswith(f"| {name} |"))
        assert f"| {value:.3f} ({ends[name].low:.3f}, {ends[name].high:.3f}) |" in line
        assert f"| {trained.metrics_by_model['logistic'].values[name]:.3f} |" in line


@pytest.mark.parametrize(
    ("split", "said"),
    [("time", "later dates than it was fitted on"), ("subscribers", "people it was not fitted on")],
)
def test_what_the_test_set_is_stands_in_its_heading(split, said):
    assert f"## Evaluated on {said}\n" in card(params=replace(SMALL_PARAMS, split=split))


@pytest.mark.parametrize(
    ("calls", "heading"),
    [(1, "1 call a date is worth"), (2, "2 calls a date are worth"), (1_500, "1,500 calls a date")],
)
def test_the_capacity_stands_in_its_heading(calls, heading):
    text = section(card(params=replace(SMALL_PARAMS, calls=calls, save_share=0.25)), "What ")
    assert text.startswith(heading)
    assert f"On each date the {calls:,} riskiest of the evaluated rows called" in text
    assert "and 25% of those of them who would leave taken to stay" in text


def test_where_people_were_sampled_so_are_the_calls():
    sampled = replace(small_training().sampling, people=0.1)
    text = section(card(sampling=sampled), "What 50 calls")
    assert "On each date the 5 riskiest of the evaluated rows called" in text


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (0, []),
        (1, ["1 row was left out: support had contacted these people"]),
        (1_234, ["1,234 rows were left out: support had contacted these people"]),
    ],
)
def test_rows_that_a_contact_left_out_are_said_and_why(rows, said):
    found = left_out({"left_out_rows": rows})
    assert len(found) == len(said)
    for line, begins in zip(found, said, strict=True):
        assert line.startswith(begins)
        assert line.endswith("The risk is that of leaving without a call.")
    text = card(sizes=small_training().sizes | {"left_out_rows": rows})
    assert ("left out: support" in text) is (rows > 0)


def test_notes_on_the_sources_stand_below_the_data():
    text = card(notes=("The first note.", "Ein Hinweis mit <b> und |."))
    assert text.index("## Data") < text.index("The first note.") < text.index("Ein Hinweis")
    assert text.index("Ein Hinweis") < text.index("## Limits")


@pytest.mark.parametrize(
    ("days", "said"), [(60, "60 days later: 30 of 1,000 left, so -0.250"), (1, "1 day later: ")]
)
def test_the_age_of_the_level_is_said(days, said):
    newest = datetime(2026, 5, 1, tzinfo=UTC)
    level = Level(newest, datetime(2026, 5, 1 + days % 30, tzinfo=UTC), 1_000, 30, -0.25)
    if days == 60:
        level = Level(newest, datetime(2026, 6, 30, tzinfo=UTC), 1_000, 30, -0.25)
    text = card(level=level)
    assert "that of 2026-05-01, the newest date" in text
    assert said in text


def test_without_a_closed_outcome_the_level_is_that_of_calibration():
    assert "no outcome of theirs had closed before the first test date." in card(level=None)


def procedures(dates: int = 3) -> Procedures:
    return Procedures(
        dates=dates,
        rows=1_200 if dates > 1 else 1,
        log_loss=0.25,
        calibration_error=0.01,
        held_back_log_loss=0.26,
        held_back_calibration_error=0.02,
    )


def earlier(dates: list[datetime]) -> Earlier:
    by_date = pl.DataFrame(
        {
            "origin": dates,
            "rows": [400] * len(dates),
            "churned": [40] * len(dates),
            "roc_auc": [0.7] * len(dates),
            "low": [0.65] * len(dates),
            "high": [0.75] * len(dates),
            "log_loss": [0.3] * len(dates),
            "constant": [0.31] * len(dates),
        }
    )
    return Earlier(by_date=by_date, procedures=procedures(len(dates)))


def test_backtests_at_earlier_dates_are_a_table_with_intervals():
    text = section(card(earlier=earlier([MAY, JULY])), "At earlier dates")
    assert "Made anew at each of 2 dates" in text
    assert "| 2026-05-01 | 400 | 40 | 0.700 (0.650, 0.750) | 0.300 | 0.310 |" in text
    assert "Made anew at each of 1 date from" in card(earlier=earlier([MAY]))
    assert "At earlier dates" not in card()


def test_both_ways_of_publishing_are_compared_where_they_were():
    text = refit_card(replace(small_training(), earlier=earlier([MAY, JULY])))
    assert "Both ways at 2 earlier dates, by what was known then, on all 1,200 rows" in text
    assert "| held back | 0.2600 | 0.0200 |" in text
    assert "| fitted again | 0.2500 | 0.0100 |" in text
    assert "was not compared" not in text
    one = refit_card(replace(small_training(), earlier=earlier([MAY])))
    assert "Both ways at 1 earlier date, by what was known then, on all 1 row of" in one


def test_without_earlier_dates_it_says_that_nothing_was_compared():
    assert "was not compared on this history" in refit_card(small_training())


def test_a_model_that_was_fitted_again_says_on_what_and_until_when():
    trained = small_training()
    text = refit_card(trained)
    assert f"fitted on what happened before {trained.evidence.fitted_until:%Y-%m-%d}" in text
    assert f"all {trained.sizes['refit_rows']:,} rows whose outcome is known" in text
    assert f"until {trained.model.fitted_until:%Y-%m-%d}" in text
    assert f"({trained.model.booster.num_trees()} trees)" in text or "(1 tree)" in text


def test_a_model_that_was_not_fitted_again_says_why():
    text = refit_card(replace(small_training(), held_back="its log loss was higher"))
    assert "It was not fitted again on the newest rows: its log loss was higher." in text
    assert "Published is the same recipe" not in text


def test_the_leakage_checks_show_the_five_best_and_two_by_emptiness_once_each():
    schema = ["column", "alone", "missingness"]
    lines = [(f"c{k}", 0.7 - k / 100, 0.5 + k / 100) for k in range(9)]
    leaks = replace(
        small_training().leaks, columns=pl.DataFrame(lines, schema=schema, orient="row"), cut=None
    )
    rows = re.findall(r"^\| (c\d)", section(card(leaks=leaks), "Leakage checks"), re.MULTILINE)
    assert rows == ["c0", "c1", "c2", "c3", "c4", "c8", "c7"]
    few = replace(leaks, columns=leaks.columns.head(2))
    rows = re.findall(r"^\| (c\d)", section(card(leaks=few), "Leakage checks"), re.MULTILINE)
    assert rows == ["c0", "c1"]


@pytest.mark.parametrize(("days", "words"), [(7, "last 7 days"), (1, "last 1 day before")])
def test_what_is_left_without_the_last_days_is_said(days, words):
    cut = WithoutLastDays(days=days, roc_auc=0.8, cut=0.7123)
    text = section(card(leaks=replace(small_training().leaks, cut=cut)), "Leakage checks")
    assert words in text
    assert "goes from 0.800 to 0.712." in text
    assert "cut away" not in section(
        card(leaks=replace(small_training().leaks, cut=None)), "Leakage checks"
    )


def test_later_months_are_shown_by_month_and_by_group_or_why_not():
    assert "How long people stay was not learnt" in section(card(), "How long they stay")
    by_month = pl.DataFrame(
        {"month": [1], "rows": [9], "said": [0.0003], "rate": [0.1], "low": [0.0], "high": [0.4]}
    )
    by_group = pl.DataFrame(
        {
            "group": ["plan"],
            "value": ["<i>pro|max</i>"],
            "people": [60],
            "measure": ["survival_3m"],
            "said": [0.8],
            "came": [0.75],
            "low": [0.7],
            "high": [0.8],
            "ratio": [1.0667],
        }
    )
    months = MonthsEvaluation(by_month=by_month, by_group=by_group)
    text = section(card(months=months), "How long they stay")
    assert "| 1 | 9 | 0.0003 | 0.100 (0.000, 0.400) |" in text
    assert "| plan | \\<i\\>pro\\|max\\</i\\> | 60 | survival_3m | 0.800 | 0.750 (" in text
    assert "was not learnt" not in text


def test_where_nothing_can_rise_the_offers_say_so():
    none = Expansion(reasons=("No offers: nothing can rise.",))
    text = section(card(expansion=none), "Upgrade offers")
    assert "- No offers: nothing can rise." in text
    assert "roc_auc" not in text
    assert "ROC AUC lies between" in section(card(), "Upgrade offers")


def test_the_signals_that_matter_most_come_first_and_add_up_to_one():
    lines = re.findall(
        r"^\| (\w+) \| (0\.\d+) \|$", section(card(), "What it goes by"), re.MULTILINE
    )
    shares = [float(share) for _, share in lines]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=0.003)


def test_the_data_are_named_by_fingerprint_and_sizes():
    trained, text = small_training(), section(card(), "Data")
    for name, fact in (trained.fingerprint.to_dict() | trained.sizes).items():
        assert f"| {name.replace('|', '')} | {fact} |" in text


def test_segments_are_by_cause_date_and_what_the_spine_has():
    found = segments()
    assert found["group"].unique(maintain_order=True).to_list() == ["cause", "as_of", "plan"]
    without = replace(
        small_training(), test_rows=small_training().test_rows.with_columns(plan=pl.lit(None))
    )
    assert groups(without)["group"].unique(maintain_order=True).to_list() == ["cause", "as_of"]


@pytest.mark.parametrize(
    "plan", ["<b>a</b>", "a|b", 'say "x"', "año ñ", "プラン", "![x](http://y)"]
)
def test_a_plan_of_any_name_is_a_row_of_the_card(plan):
    rows = small_training().test_rows.with_columns(plan=pl.lit(plan))
    found: Trained = replace(small_training(), test_rows=rows)
    lines = model_card(found, groups(found)).split("\n")
    assert sum(line.startswith("| plan | ") for line in lines) >= 1
    assert all(line.count(" | ") == 6 for line in lines if line.startswith("| plan | \\"))


_OLD_WORDS = re.compile(
    r"\b(nobody|somebody|everybody|whoever|whom|whose|so many|so much|judged?|told|tell)\b", re.I
)


def test_reports_and_pictures_use_the_words_of_the_field():
    found: list[str] = []
    for file in sorted((ROOT / "models" / "reports").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words = _OLD_WORDS.findall(node.value)
                found += [f"{file.name}:{node.lineno} {word}" for word in words if word != "whose"]
    assert found == []


def test_the_card_of_a_training_uses_the_words_of_the_field():
    assert _OLD_WORDS.findall(card().replace("judge_", "").replace("whose outcome", "")) == []
