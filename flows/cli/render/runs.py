"""What a person sees of a run."""

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from perdura.flows.backtest import Backtested
from perdura.flows.cli.console import OUT
from perdura.flows.refresh_states import Refreshed
from perdura.flows.score_nightly import ScoredNight
from perdura.flows.steps.unknown_texts import UnknownTexts
from perdura.flows.train_weekly import Training
from perdura.models.reports.backtest_card import over_time, tuning_notes
from perdura.models.reports.card import left_out
from perdura.risk.terminal.words import printable
from perdura.sources.counted import counted, either
from perdura.sources.mapping.report.report import Example, Report, TableReport

_METRICS = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier",
    "calibration_error": "calibration error",
    "lift": "lift of those called",
    "recall": "leavers called",
    "money_caught": "money caught by calls",
}
_TRY = (
    "To see its scores anyway: perdura score --trial. The night is marked as a trial wherever it "
    "is read, and is not sent to other tools."
)
_NAMES = {
    "model": "model",
    "champion": "champion",
    "logistic": "logistic",
    "recency": "recency",
    "own_rate": "own rate",
    "constant": "constant",
}


def print_report(report: Report, console: Console = OUT) -> None:
    """What an extract landed and refused, one line per table, and why."""
    table = titled(f"Known before {report.until:%Y-%m-%d}", "table")
    for name in ("read", "landed", "had before", "for later", "dropped", "rejected"):
        table.add_column(name, justify="right")
    for entry in report.tables:
        rows = entry.in_rows
        counts = (rows.read, rows.landed, rows.had_before, rows.later, rows.dropped, rows.rejected)
        table.add_row(entry.table, *(f"{count:,}" for count in counts))
    console.print(table)
    for entry in report.tables:
        for sentence in (*_in_events(entry), *_rejected(entry)):
            console.print(Padding(Text(sentence), (0, 0, 0, 2), expand=False))
        if entry.ties:
            console.print(
                f"  {entry.table}: started and ended (or paused and resumed, cancelled and not) at "
                f"one moment {counted(entry.ties, 'time')}; the state before decides which came "
                "first"
            )
        for sentence in _compared(entry):
            console.print(Padding(sentence, (0, 0, 0, 2), expand=False))
        for note in entry.notes:
            console.print(Padding(Text(f"{entry.table}: {note}"), (0, 0, 0, 2), expand=False))
        if entry.known:
            console.print(
                Padding(
                    Text(f"{entry.table}: {entry.known.in_words()}"), (0, 0, 0, 2), expand=False
                )
            )
    for name, why in report.because.items():
        console.print(Text(f"Degraded: {name}: {why}. Scores will say so."))


class AllRejected(ValueError):
    """An extract that can use no row of its sources: the mapping is wrong, or the files are."""


def refuse_all_rejected(report: Report) -> None:
    """Nothing, if any row of the sources could be used, or tables were read before.

    Raises:
        AllRejected: Every row was rejected, or there is none.
    """
    rows = [entry.in_rows for entry in report.tables]
    used = sum(one.landed + one.had_before + one.later for one in rows)
    rejected = sum(one.rejected for one in rows)
    # Where only changed rows are read there may be none today; such tables are not degraded.
    if rows and not any(one.read for one in rows) and len(report.because) >= len(rows):
        raise AllRejected(
            "nothing landed: the files of the sources have no rows; export them again, and extract "
            "again"
        )
    if rejected and not used:
        raise AllRejected(
            f"nothing landed: {counted(rejected, 'row')} of the sources "
            f"{either(rejected, 'was', 'were')} rejected, and no other was there to use; mend the "
            "mapping by the examples above, and extract again"
        )


def _compared(entry: TableReport) -> list[str]:
    """How what a source gives differs from what landed, and what counts later only."""
    sentences: list[str] = []
    if entry.is_for_later:
        sentences.append(
            f"{entry.table}: nothing counts yet: {counted(entry.not_yet_known, 'event')} that the "
            "source gives without an earlier date are known since it was exported, and count from "
            "the next extract on. Nothing is wrong, and nothing needs to be done"
        )
    if entry.otherwise:
        sentences.append(
            f"{entry.table}: {counted(entry.otherwise, 'event')} differ from what landed before"
        )
    if entry.vanished:
        sentences.append(
            f"{entry.table}: the source no longer gives {counted(entry.vanished, 'event')} that "
            f"landed on other days, such as {entry.vanished_example}"
        )
    if entry.inferred:
        sentences.append(
            f"{entry.table}: {counted(entry.inferred, 'event')} inferred from what "
            "changed since, known from this extract on"
        )
    return sentences


def _in_events(entry: TableReport) -> list[str]:
    """How many events there are, where rows hold several."""
    if entry.events == entry.rows - entry.skipped:
        return []
    refused = sum(entry.rejected.values())
    sentence = (
        f"{entry.table}: these rows hold {counted(entry.events, 'event')}: {entry.landed:,} "
        f"landed, {entry.already_landed:,} had before, {entry.not_yet_known:,} for later, "
        f"{refused:,} rejected"
    )
    return [sentence]


def _rejected(entry: TableReport) -> list[str]:
    """What broke each rule: how many, one of them, and what to write."""
    return [
        f"{entry.table}: {one.count:,} {one.rule.replace('_', ' ')}: {one.file}, {_where(one)}; "
        f"{one.hint}"
        for one in entry.examples
    ]


def _where(one: Example) -> str:
    row = f"{'row' if one.file.endswith('.parquet') else 'line'} {one.row}"
    if one.column is None:
        return row if one.value is None else f"{row} {one.value!r}"
    return f"{row}, {one.column} {'empty' if one.value is None else repr(one.value)}"


def print_training(trained: Training, console: Console = OUT) -> None:
    """The model beside its baselines, and the verdict in words."""
    table = titled(f"Version {trained.version}, evaluated on rows that it was not fitted on", "")
    judged = {name: trained.metrics[name] for name in _NAMES if name in trained.metrics}
    for name in judged:
        table.add_column(_NAMES[name], justify="right")
    for metric, shown in _METRICS.items():
        table.add_row(shown, *(f"{found[metric]:.3f}" for found in judged.values()))
    console.print(table)
    tuned = [trained.tuned] if trained.tuned else []
    for words in (
        *_logistic_ahead(judged),
        *trained.notes,
        *trained.reasons,
        *([_TRY] if trained.trial else []),
        *trained.offers,
        *trained.unlearnt,
        *tuned,
        *left_out(trained.rows),
    ):
        console.print(words)


_LESS_IS_BETTER = ("log_loss", "brier", "calibration_error")
_OF_THE_CALLED = ("lift", "recall", "money_caught")


def _logistic_ahead(judged: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Where the logistic regression is better than the model, and what that means."""
    model, other = judged["model"], judged.get("logistic", {})
    ahead = [
        name
        for name in _METRICS
        if name in other
        and round((other[name] - model[name]) * (-1 if name in _LESS_IS_BETTER else 1), 3) > 0
    ]
    if not ahead:
        return []
    named = ", ".join(
        f"{_METRICS[name]} ({other[name]:.3f} to {model[name]:.3f})" for name in ahead
    )
    told = f"The logistic regression is ahead of the model in {named}."
    if set(ahead) <= {*_OF_THE_CALLED}:
        told += (
            " That counts the leavers among the few whom support can call, so a small difference "
            "may be chance; promotion goes by ROC AUC, log loss and calibration over all rows, and "
            "asks of the lift only that it is above chance."
        )
    return [told]


def print_backtest(done: Backtested, console: Console = OUT) -> None:
    """The model at each origin with its intervals, and where its picture lies."""
    table = titled(
        f"Trained at each of {counted(len(done.found.origins), 'date')}, evaluated on what "
        "followed",
        "",
    )
    table.columns[0].no_wrap, table.pad_edge, table.collapse_padding = True, False, True
    rows = over_time(done.found).select("origin", *_OVER_TIME)
    for name in _OVER_TIME:
        table.add_column(_METRICS[name], justify="right", no_wrap=True)
    for origin, *numbers in rows.rows():
        table.add_row(f"{origin:%Y-%m-%d}", *numbers)
    console.print(table)
    console.print("In brackets: 95 % intervals over resampled subscribers.")
    for words in tuning_notes(done.found):
        console.print(words)
    if done.share < 1:
        console.print(f"Computed on {done.share:.1%} of the subscribers, by their buckets.")
    console.print(f"The picture, the segments and the baselines are in MLflow, run\n{done.run_id}.")


_OVER_TIME = ("roc_auc", "calibration_error", "recall")


def print_night(night: ScoredNight, console: Console = OUT) -> None:
    """How many were scored, by which model, and what they lack."""
    console.print(
        f"{counted(night.rows, 'subscriber')} scored on {night.scored_on} by version "
        f"{night.model_version} in {night.took:.1f} s. Each risk is the chance of leaving within "
        f"{counted(night.horizon_days, 'day')}."
    )
    if night.refused is not None:
        console.print(
            f"[yellow]Trial: version {night.model_version} was refused. Look at these risks, but "
            "do not act on them. They are not sent to other tools.[/]"
        )
        console.print(night.refused, markup=False)
    for name in night.degraded:
        why = f": {night.why_degraded[name]}" if name in night.why_degraded else ""
        console.print(f"Degraded: {name}{why}.", markup=False)
    for column, unknown in night.unknown.items():
        console.print(_unknown(column, unknown), markup=False)
    if night.unlearnt:
        console.print(f"{night.unlearnt}.")
    if night.untold:
        console.print(f"[yellow]{night.untold}[/]", highlight=False)
    console.print(f"Next: perdura risk --on {night.scored_on}")


def print_states(done: Refreshed, console: Console = OUT) -> None:
    """How many subscribers have another state than in the night."""
    have = f"{counted(done.changed, 'subscriber')} {either(done.changed, 'has', 'have')}"
    console.print(
        f"{have if done.changed else 'No subscriber has'} another state than in the night of "
        f"{done.scored_on}, as known by {done.as_of:%Y-%m-%d %H:%M} UTC.",
        soft_wrap=True,
        highlight=False,
    )


def _unknown(column: str, found: UnknownTexts) -> str:
    named = ", ".join(map(repr, map(printable, found.texts)))
    more = f" and {found.more:,} more" if found.more else ""
    return (
        f"Never seen by the model in {column}, and scored as unknown: {named}{more} "
        f"({counted(found.subscribers, 'subscriber')}, {found.share:.1%}). The next training "
        "learns them."
    )


def titled(title: str, first: str) -> Table:
    """An empty table, its first column named."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column(first)
    return table
