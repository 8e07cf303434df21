"""``perdura train``, ``backtest`` and ``tune``: models from what has landed."""

from datetime import date
from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json
from perdura.flows.cli.root import Day, Json, app, checked_settings, day_of, start_and_compile


@app.command()
def train(until: Day = None, as_json: Json = False) -> None:
    """Train on loaded events (by default all); promote the model if it is better.

    In a home that has a mapping and no events yet they are loaded first.
    """
    from perdura.flows.cli.refusals import refuse_training

    _load_first(day_of(until))
    refuse_training(checked_settings(), day_of(until))
    start_and_compile()
    from perdura.flows.cli.render.runs import print_training
    from perdura.flows.train_weekly import train_weekly

    trained = train_weekly(day_of(until))
    print_json(trained) if as_json else print_training(trained)


def _load_first(until: date | None) -> None:
    """Load everything that was known before ``until`` (by default today), if nothing is there."""
    settings = checked_settings()
    if settings.mapping is None or settings.landing_folder.exists():
        return
    from perdura.flows.cli.refusals import refuse_extract
    from perdura.flows.configuration.dates import today
    from perdura.flows.orchestration.prefect_setup import start

    day = until or today()
    refuse_extract(settings, settings.mapping, day)
    start()
    from perdura.flows.steps.extract_sources import extract_sources

    extract_sources(settings.mapping, day, patient=False)


@app.command()
def backtest(
    until: Day = None,
    origins: Annotated[
        int | None, typer.Option(min=1, help="Number of dates, the newest ones; by default all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluate the model at every date of the history."""
    from perdura.flows.cli.refusals import refuse_training

    refuse_training(checked_settings(), day_of(until))
    start_and_compile()
    from perdura.flows.backtest import backtest_history
    from perdura.flows.cli.render.runs import print_backtest

    done = backtest_history(day_of(until), origins=origins)
    if as_json:
        tables = {name: getattr(done.found, name).to_dicts() for name in ("overall", "segments")}
        print_json({"run_id": done.run_id, "share": done.share, **tables})
    else:
        print_backtest(done)


@app.command()
def tune(
    until: Day = None,
    minutes: Annotated[
        float, typer.Option(min=0, help="Start no trial after this time; a running one finishes.")
    ] = 10.0,
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Total number of trials, including those of an interrupted run."),
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Go back to the defaults.")] = False,
    as_json: Json = False,
) -> None:
    """Search for better tree parameters on dates before the test dates, and keep them."""
    if forget:
        _forget_tuned(as_json=as_json)
        return
    from perdura.flows.cli.refusals import refuse_training

    refuse_training(checked_settings(), day_of(until))
    start_and_compile()
    from perdura.flows.cli.render.tuning import print_tuning
    from perdura.flows.tune import tune_trees

    done = tune_trees(day_of(until), minutes=minutes, trials=trials)
    if as_json:
        print_json({"run_id": done.run_id, "share": done.share, **done.found.to_json()})
    else:
        print_tuning(done)


def _forget_tuned(*, as_json: bool) -> None:
    from perdura.flows.settings import Settings

    file = Settings().tuned
    forgotten = file.exists()
    file.unlink(missing_ok=True)
    if as_json:
        print_json({"forgotten": forgotten})
    else:
        message = f"Forgotten: {file}." if forgotten else f"There was nothing to forget in {file}."
        typer.echo(f"{message} The trees grow by the defaults.")
