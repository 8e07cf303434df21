"""What a person sees of a tuning."""

from rich.console import Console

from perdura.flows.cli.console import OUT
from perdura.flows.cli.render.runs import titled
from perdura.flows.tune import Retuned
from perdura.models.tuning.search_space import SPACE
from perdura.sources.counted import counted, either


def print_tuning(done: Retuned, console: Console = OUT) -> None:
    """The defaults beside the best that was tried, and what changes by it."""
    found = done.found
    table = titled(
        f"{counted(len(found.tried), 'trial')} at each of {counted(len(found.origins), 'date')}", ""
    )
    for name in ("defaults", "best"):
        table.add_column(name, justify="right")
    first, best = found.defaults, found.best
    table.add_row("log loss, mean", f"{first.log_loss:.5f}", f"{best.log_loss:.5f}")
    for origin, loss, other in zip(found.origins, first.losses, best.losses, strict=True):
        table.add_row(f"log loss, {origin:%Y-%m-%d}", f"{loss:.5f}", f"{other:.5f}")
    for name in SPACE:
        table.add_row(name, f"{first.values[name]:.4g}", f"{best.values[name]:.4g}")
    console.print(table)
    for words in (*_how_far(done), _verdict(done)):
        console.print(words)


def _how_far(done: Retuned) -> list[str]:
    """What was given up early, what was there before, and what it says nothing of."""
    found = done.found
    counts = (
        f"{found.pruned} {either(found.pruned, 'was', 'were')} stopped early; "
        f"{found.before} {either(found.before, 'is', 'are')} of earlier runs."
    )
    words = [f"Interrupted; perdura tune continues. {counts}" if found.stopped else counts]
    if done.share < 1:
        words.append(f"Computed on {done.share:.1%} of the subscribers, by their buckets.")
    return [
        *words,
        f"Nothing known from {found.judged_from:%Y-%m-%d} on was used. MLflow run\n{done.run_id}.",
    ]


def _verdict(done: Retuned) -> str:
    found, best = done.found, done.found.best
    gain = f"{best.gain or 0:.5f}, give or take {best.error or 0:.5f}"
    if found.better:
        unseen = found.confirmation
        also = ""
        if unseen:
            also = f", and by {unseen.gain:.5f} at {unseen.origin:%Y-%m-%d}, which no trial saw"
        return (
            f"Better than the defaults by {gain}{also}. The next training uses "
            "these parameters and evaluates them on the test dates. Kept in "
            f"{done.file}; perdura tune --forget goes back to the defaults."
        )
    confirmed = found.confirmation
    if confirmed and confirmed.gain <= 0:
        return (
            f"The best is better by {gain} at these dates, and worse by {-confirmed.gain:.5f} at "
            f"{confirmed.origin:%Y-%m-%d}, which no trial saw: the defaults stay.{_as_before(done)}"
        )
    if best is found.defaults:
        return f"No trial is better: the defaults stay.{_as_before(done)}"
    return (
        f"The best is better by {gain}, which may be chance: the defaults stay.{_as_before(done)}"
    )


def _as_before(done: Retuned) -> str:
    """What was kept and not tried again, since it was stopped before or has seen too much."""
    return f" What is kept in {done.file} was not tried again, and stays." if done.tuned else ""
