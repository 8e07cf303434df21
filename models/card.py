"""The model card: what a model predicts, from what, how well, and what it must not be used for."""

from datetime import datetime

import polars as pl

from models.backtested import Backtest
from models.importance import column_importance, signal_importance
from models.judge import by_cause, by_group
from models.trained import Trained

#: What the judgement is broken down by, where the rows have it.
_GROUPS = ("as_of", "plan", "interval_months")

_UNSEEN = {
    "time": "later dates than it was fitted on",
    "subscribers": "people it was not fitted on",
}

_WHAT = {
    "contract": "decides to leave (cancels, or is ended by a failed payment) and is not back in "
    "{grace} days",
    "silence": "pays nothing",
}


def groups(trained: Trained) -> pl.DataFrame:
    """The model judged per cause, date, plan and interval: one row per group and value."""
    judged = trained.judged
    present = [name for name in _GROUPS if judged[name].count()]
    return pl.concat([by_cause(judged), *(by_group(judged, name) for name in present)])


def model_card(trained: Trained) -> str:
    """The card as Markdown."""
    return (
        "\n\n".join(
            [
                "# Churn model",
                _purpose(trained),
                "## Verdict\n\n" + "\n".join(f"- {reason}" for reason in trained.verdict.reasons),
                f"## Judged on {_UNSEEN[trained.params.split]}\n\n" + _judgements(trained),
                "## By cause, date and segment\n\n" + _table(groups(trained)),
                "## What it goes by\n\n" + _table(_signals(trained)),
                "## Data\n\n" + _table(_data(trained)),
                _LIMITS,
            ]
        )
        + "\n"
    )


def backtest_card(found: Backtest) -> str:
    """A backtest as Markdown: the model at each origin, beside its baselines, and by segment."""
    told = (
        f"Made anew at each of {len(found.origins)} dates from what was known by then, and judged "
        "on what came after. In brackets: where the number lies in 95 of 100 samples of other "
        "subscribers."
    )
    parts = ["# Backtest", told, _table(over_time(found)), "## Beside its baselines: ROC AUC"]
    beside = found.overall.filter(pl.col("metric") == "roc_auc").pivot(
        "who", index="origin", values="stated"
    )
    return "\n\n".join([*parts, _table(beside), "## By segment", _table(found.segments)]) + "\n"


def over_time(found: Backtest) -> pl.DataFrame:
    """One row per origin: the model's numbers in words, with their intervals."""
    told = found.overall.filter(pl.col("who") == "model")
    words = [
        f"{stated:.3f} ({low:.3f}, {high:.3f})"
        for stated, low, high in told.select("stated", "low", "high").rows()
    ]
    return told.with_columns(told=pl.Series(words)).pivot("metric", index="origin", values="told")


def _purpose(trained: Trained) -> str:
    params = trained.params
    what = _WHAT[params.churn].format(grace=params.grace_days)
    when = f"in the next {params.horizon_days} days"
    if params.lead_days:
        when = f"in the {params.horizon_days} days from {params.lead_days} days on"
    return (
        f"The probability that a subscriber {what}, {when}. Nothing that happened from "
        f"{trained.model.fitted_until:%Y-%m-%d} on was used to fit or calibrate it."
    )


def _judgements(trained: Trained) -> str:
    rows = [{"who": who} | judged.metrics for who, judged in trained.judgements.items()]
    called = (
        f"Called are the {trained.params.calls} riskiest of each date: lift is how many times more "
        "leavers are among them than among everybody, recall their share of all leavers, "
        "money_caught their share of all leavers' monthly revenue."
    )
    return _table(pl.DataFrame(rows)) + "\n\n" + called


def _signals(trained: Trained) -> pl.DataFrame:
    return signal_importance(column_importance(trained.model, trained.columns)).head(12)


def _data(trained: Trained) -> pl.DataFrame:
    facts = trained.fingerprint.to_dict() | trained.sizes
    return pl.DataFrame({"fact": list(facts), "value": [str(fact) for fact in facts.values()]})


def _table(frame: pl.DataFrame) -> str:
    head = "| " + " | ".join(frame.columns) + " |\n|" + "---|" * frame.width
    return "\n".join([head, *("| " + " | ".join(map(_cell, row)) + " |" for row in frame.rows())])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


_LIMITS = """## Limits

- A high risk says that somebody may leave, not that a call will keep them.
- It knows what the events told by then, and nothing else.
- It is calibrated for a business like that of the dates it was fitted on; watch the rate."""
