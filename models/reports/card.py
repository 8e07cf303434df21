"""The model card: what a model predicts, from what, how well, and what it must not be used for."""

from collections.abc import Mapping

import polars as pl

from perdura.models.evaluation.by_group import by_cause, by_group
from perdura.models.evaluation.call_capacity import at_capacity
from perdura.models.evaluation.intervals import intervals
from perdura.models.evaluation.leakage import Leaks
from perdura.models.evaluation.metrics import risk_columns
from perdura.models.reports.expansion_card import expansion_card
from perdura.models.reports.importance import column_importance, signal_importance
from perdura.models.reports.markdown import table, with_intervals
from perdura.models.reports.refit_card import refit_card
from perdura.models.training.result import Trained
from perdura.sources.counted import counted, either

#: The columns of the breakdown, where the rows have them.
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
    """The metrics by cause, date, plan and interval: one row per group and value."""
    test_rows = trained.test_rows
    present = [name for name in _GROUPS if test_rows[name].count()]
    return pl.concat([by_cause(test_rows), *(by_group(test_rows, name) for name in present)])


def model_card(trained: Trained, by_segment: pl.DataFrame) -> str:
    """The card as Markdown.

    Args:
        trained: The trained model and its evaluation.
        by_segment: From ``groups``.
    """
    signals = signal_importance(column_importance(trained.model, trained.columns)).head(12)
    facts, calls = trained.fingerprint.to_dict() | trained.sizes, trained.params.calls
    data = pl.DataFrame({"fact": list(facts), "value": [str(fact) for fact in facts.values()]})
    return (
        "\n\n".join(
            [
                "# Churn model",
                _purpose(trained),
                "## Verdict\n\n" + "\n".join(f"- {reason}" for reason in trained.verdict.reasons),
                f"## Evaluated on {_UNSEEN[trained.params.split]}\n\n" + _metrics(trained),
                _level(trained),
                f"## What {counted(calls, 'call')} a date {either(calls, 'is', 'are')} worth\n\n"
                + _calls(trained),
                "## By cause, date and segment\n\n" + table(with_intervals(by_segment)),
                "## What is published\n\n" + refit_card(trained),
                *_earlier(trained.earlier and trained.earlier.by_date),
                "## How long they stay\n\n" + _months(trained),
                "## Leakage checks\n\n" + _leaks(trained.leaks),
                "## Are its reasons true of it?\n\n" + _faithfulness(trained),
                "## Upgrade offers\n\n" + expansion_card(trained.expansion),
                "## What it goes by\n\n" + table(signals),
                "## Data\n\n" + table(data),
                *left_out(trained.sizes),
                *trained.notes,
                _LIMITS,
            ]
        )
        + "\n"
    )


def left_out(sizes: Mapping[str, int]) -> list[str]:
    """Why rows were left out, where any were.

    Args:
        sizes: As in ``Trained``.
    """
    rows = sizes["left_out_rows"]
    if not rows:
        return []
    why = (
        f"{counted(rows, 'row')} {either(rows, 'was', 'were')} left out: support had contacted "
        "these people, or made them an offer, "
        "in time to change what became of them. The risk is that of leaving without a call."
    )
    return [why]


def _earlier(earlier: pl.DataFrame | None) -> list[str]:
    """The backtests at earlier dates, if there were any."""
    if earlier is None:
        return []
    intro = (
        f"Made anew at each of {counted(earlier.height, 'date')} from what was known by then, and "
        "evaluated on what followed; `constant` is the log loss of predicting the same rate for "
        "all."
    )
    return ["## At earlier dates", intro, table(with_intervals(earlier))]


def _months(trained: Trained) -> str:
    """The evaluation of the survival model, or why there is none."""
    if trained.months is None:
        return " ".join(trained.unlearnt)
    by_month = (
        "Of the subscribers still there, the share that leaves in each later month (0 is the one "
        "from the date on): said is predicted on average, rate is observed, with its interval in "
        "brackets; of months that began after all that it was fitted on."
    )
    by_group = (
        "The same by band of risk (high from 0.25, medium from 0.10) and by plan: the share still "
        "there after 3, 6 and 12 months, and cltv_12m, the months of margin that are earned in "
        "twelve, weighted by what is paid. The calendar's months from the first "
        "test date on make one life table of each group; ratio is said over came, which is 1 where "
        "CLTV is right."
    )
    return "\n\n".join(
        [
            by_month,
            table(with_intervals(trained.months.by_month, "rate")),
            by_group,
            table(with_intervals(trained.months.by_group, "came")),
        ]
    )


def _calls(trained: Trained) -> str:
    """What calls by each model's risk are worth."""
    params, calls = trained.params, trained.sampling.calls(trained.params.calls)
    intro = (
        f"On each date the {calls:,} riskiest of the evaluated rows called, and "
        f"{params.save_share:.0%} of those of them who would leave taken to stay: how many a date, "
        "and monthly revenue in minor units of the currency that most are in."
    )
    worth = at_capacity(
        trained.test_rows,
        risk_columns(trained.test_rows),
        calls=calls,
        save_share=params.save_share,
    )
    return "\n\n".join([intro, table(worth)])


def _faithfulness(trained: Trained) -> str:
    """The ablation of reasons."""
    intro = (
        "Of the riskiest tenth, each signal that raised the score was taken away: its columns were "
        "set to what is typical of those who stayed, of the same plan and billing interval. How "
        "many rows it raised, in which share of these the score fell without it, and how many "
        "were given it as a reason. Where the score does not fall, it is not given."
    )
    return "\n\n".join([intro, table(trained.faithfulness.signals)])


def _leaks(leaks: Leaks) -> str:
    """The columns that rank best alone, and the model without the last days."""
    intro = (
        "How well the columns rank that alone rank best, and that say most by being empty or not "
        "(ROC AUC). The verdict says what is suspicious."
    )
    most = pl.concat(
        [leaks.columns.head(5), leaks.columns.sort("missingness", descending=True).head(2)]
    ).unique(maintain_order=True)
    if leaks.cut is None:
        return "\n\n".join([intro, table(most)])
    without = (
        f"With the last {counted(leaks.cut.days, 'day')} before each date cut away its ROC AUC "
        f"goes from {leaks.cut.roc_auc:.3f} to {leaks.cut.cut:.3f}."
    )
    return "\n\n".join([intro, table(most), without])


def _purpose(trained: Trained) -> str:
    params = trained.params
    what = _WHAT[params.churn].format(grace=params.grace_days)
    when = f"in the next {counted(params.horizon_days, 'day')}"
    if params.lead_days:
        when = (
            f"in the {counted(params.horizon_days, 'day')} from "
            f"{counted(params.lead_days, 'day')} on"
        )
    purpose = (
        f"The probability that a subscriber {what}, {when}. Nothing that happened from "
        f"{trained.evidence.fitted_until:%Y-%m-%d} on was used to fit or calibrate the model that "
        "was evaluated."
    )
    return f"{purpose} {params.tuned}" if params.tuned else purpose


def _level(trained: Trained) -> str:
    """The age of the level of the risks, and the outcomes that set it."""
    level = trained.level
    if level is None:
        return (
            "The level of its risks is that of all rows it was calibrated on: no outcome of theirs "
            "had closed before the first test date."
        )
    return (
        f"The level of its risks is that of {level.newest:%Y-%m-%d}, the newest date whose "
        f"outcomes had closed before the first test date, {counted(level.age_days, 'day')} "
        f"later: {level.leavers:,} of {level.rows:,} left, so {level.shift:+.3f} was added to all "
        "log-odds. A season in between moves the rate and not the level."
    )


def _metrics(trained: Trained) -> str:
    """One row per metric: the model with intervals, and its baselines."""
    test_rows, calls = trained.test_rows, trained.sampling.calls(trained.params.calls)
    ends = intervals(test_rows, calls=calls)
    model = trained.metrics_by_model["model"].values
    columns = {
        "": list(model),
        "model": [
            f"{value:.3f} ({ends[name].low:.3f}, {ends[name].high:.3f})"
            for name, value in model.items()
        ],
    }
    others = {
        name: list(metrics.values.values()) for name, metrics in trained.metrics_by_model.items()
    }
    words = (
        "In brackets: where the number lies in 95 of 100 samples of other subscribers. Called are "
        f"the {trained.params.calls} riskiest of each date: lift is how many times more leavers "
        "are among them than among all, recall their share of all leavers, money_caught "
        "their share of all leavers' monthly revenue. Beside it: the rate of all (constant), each "
        "subscriber's own past rate (own_rate), the days since the last payment (recency), and "
        "logistic regression on the same columns."
    )
    frame = pl.DataFrame(others | columns).select(*columns, *list(others)[1:])
    return table(frame) + "\n\n" + words


_LIMITS = """## Limits

- A high risk says that a subscriber may leave, not that a call will keep them.
- It knows what the events recorded by then, and nothing else.
- It is calibrated for a business like that of the dates it was fitted on; watch the rate."""
