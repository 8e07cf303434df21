"""The command line. Heavy imports wait inside the commands, so that help comes at once."""

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perdura.flows.cli.accounts import accounts
from perdura.flows.cli.as_json import plain, print_json
from perdura.flows.cli.forget import forget
from perdura.flows.cli.mcp import mcp
from perdura.flows.cli.push import push
from perdura.flows.cli.risk import init
from perdura.flows.cli.schedule import schedule
from perdura.flows.cli.serve import serve
from perdura.flows.cli.states import states
from perdura.flows.cli.tokens import tokens
from perdura.flows.cli.webhooks import webhooks
from perdura.flows.runtime.safe_text import is_ours, safe_text

if TYPE_CHECKING:
    from perdura.flows.settings import Settings

app = typer.Typer(
    help="Who may leave, why, what it costs, and what to do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# With options alone it shows a night, as it always did; what is done to the table is named.
risk_app = typer.Typer()
app.add_typer(risk_app, name="risk")
risk_app.command()(init)
risk_app.command()(accounts)
app.command()(serve)
app.add_typer(tokens, name="token")
app.command()(schedule)
app.command()(states)
app.add_typer(webhooks, name="webhooks")
app.add_typer(push, name="push")
app.command()(mcp)
app.command()(forget)

#: Settings that name files which a night reads.
_FILES = ("mapping", "actions", "exchange_rates")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE")]


def main() -> None:
    """Run the command line. What is ours to say is said in words; anything else is a fault."""
    from perdura.flows.orchestration.prefect_setup import quiet

    quiet()
    try:
        app()
    except Exception as error:
        if "PERDURA_DEBUG" in os.environ or not (words := _in_words(error)):
            error.__suppress_context__ = error.__cause__ is not None  # say what it came from
            raise
        typer.secho(f"perdura: {words}", fg="red", err=True)
        sys.exit(1)


@app.command()
def demo(subscribers: int = 5_000, months: int = 24, as_json: Json = False) -> None:
    """Simulate a company, train on it, score it, and show who may leave."""
    from perdura.flows.cli.refusals import refuse_demo

    refuse_demo(_settings())
    _start_and_compile()
    from perdura.flows.cli.demo import run_demo

    told = run_demo(subscribers=subscribers, months=months, quiet=as_json)
    if as_json:
        print_json(told)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the company's files.")],
    subscribers: Annotated[int, typer.Option(min=1)] = 5_000,
    months: Annotated[int, typer.Option(min=1)] = 24,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Write a simulated company's events and, apart from them, each subscriber's true risk."""
    from perdura.flows.runtime.progress import step
    from perdura.sources.simulator import simulate as simulate_company

    with step("simulate", {}) as on_progress:
        company = simulate_company(
            out, subscribers=subscribers, months=months, seed=seed, progress=on_progress
        )
    told = {"until": company.until.date(), "rows": company.rows}
    mapping = out / "mapping.toml"
    if as_json:
        print_json({"mapping": str(mapping), **told})
        return
    typer.echo(", ".join(f"{count:,} {name}" for name, count in company.rows.items()))
    typer.echo(f"Next: perdura extract --mapping {mapping} --until {company.until.date()}")


@app.command()
def extract(
    mapping: Annotated[Path, typer.Option(help="TOML file that says where everything is.")],
    until: Day = None,
    as_json: Json = False,
) -> None:
    """Load everything that was known before --until (by default today)."""
    from perdura.flows.cli.refusals import refuse_extract
    from perdura.flows.configuration.dates import today
    from perdura.flows.orchestration.prefect_setup import start

    day = _day(until) or today()
    refuse_extract(_settings(), mapping, day)
    start()
    from perdura.flows.cli.render.runs import print_report
    from perdura.flows.steps.extract_sources import extract_sources
    from perdura.sources.extract import IncompleteExtract

    try:
        report, problem = extract_sources(mapping, day, patient=False), None
    except IncompleteExtract as error:
        report, problem = error.report, error
    print_json(report.as_dict()) if as_json else print_report(report)
    if problem:
        raise problem


@app.command()
def train(until: Day = None, as_json: Json = False) -> None:
    """Train on loaded events (by default all); promote the model if it is better."""
    _refuse_training(until)
    _start_and_compile()
    from perdura.flows.cli.render.runs import print_training
    from perdura.flows.train_weekly import train_weekly

    trained = train_weekly(_day(until))
    print_json(trained) if as_json else print_training(trained)


@app.command()
def backtest(
    until: Day = None,
    origins: Annotated[
        int | None, typer.Option(min=1, help="Number of dates, the newest ones; by default all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluate the model at every date of the history."""
    _refuse_training(until)
    _start_and_compile()
    from perdura.flows.backtest import backtest_history
    from perdura.flows.cli.render.runs import print_backtest

    done = backtest_history(_day(until), origins=origins)
    if as_json:
        told = {name: getattr(done.found, name).to_dicts() for name in ("overall", "segments")}
        print_json({"run_id": done.run_id, "share": done.share, **told})
    else:
        print_backtest(done)


@app.command()
def effect(
    since: Day = None,
    worth: Annotated[
        float | None,
        typer.Option(
            min=0.001, max=0.5, help="Smallest difference worth detecting: 0.02 is 2 points."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Estimate the effect of contacting subscribers, compared with the control group."""
    from perdura.flows.cli.refusals import refuse_effect
    from perdura.flows.orchestration.prefect_setup import start

    refuse_effect(_settings())
    start()
    from perdura.flows.cli.render.effect import in_words, print_effect
    from perdura.flows.effect import contact_effect

    found = contact_effect(_day(since), worth=worth)
    if as_json:
        print_json({"says": in_words(found), **plain(found)})
    else:
        print_effect(found)


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
    _refuse_training(until)
    _start_and_compile()
    from perdura.flows.cli.render.tuning import print_tuning
    from perdura.flows.tune import tune_trees

    done = tune_trees(_day(until), minutes=minutes, trials=trials)
    if as_json:
        print_json({"run_id": done.run_id, "share": done.share, **done.found.to_json()})
    else:
        print_tuning(done)


@app.command()
def score(
    on: Day = None,
    trial: Annotated[
        bool,
        typer.Option(
            "--trial",
            help="If no model was promoted: use the best refused one; the night is a trial.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Score every active subscriber --on a date (by default today) and publish the night."""
    from perdura.flows.cli.refusals import refuse_night

    refuse_night(_settings(*_FILES), _day(on), trial=trial)
    _start_and_compile()
    from perdura.flows.cli.render.runs import print_night
    from perdura.flows.score_nightly import score_nightly

    night = score_nightly(_day(on), trial=trial, patient=False)
    print_json(night) if as_json else print_night(night)


@risk_app.callback(invoke_without_command=True)
def risk(
    asked: typer.Context,
    top: Annotated[int, typer.Option(min=1, help="Number of subscribers.")] = 15,
    on: Day = None,
    offers: Annotated[
        bool,
        typer.Option("--offers", help="Show whom to offer an upgrade instead, likeliest first."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the riskiest subscribers of a night (by default the newest)."""
    if asked.invoked_subcommand:
        return
    from perdura.flows.cli.render.night import print_offers, print_risks
    from perdura.flows.settings import Settings
    from perdura.risk.records.audited_reads import record_read
    from perdura.risk.table import riskiest, to_offer

    settings = Settings()
    found, show = (to_offer, print_offers) if offers else (riskiest, print_risks)
    rows = found(settings.risk_url, top, scored_on=_day(on))
    told = {"night": str(rows[0]["scored_on"])} if rows else {}
    people = [row["subscriber_id"] for row in rows]
    record_read(settings.risk_url, "cli", "list", **told, offers=offers, people=people)
    if as_json:
        print_json(rows)
    else:
        show(rows, settings, newest=on is None)


def _forget_tuned(*, as_json: bool) -> None:
    from perdura.flows.settings import Settings

    file = Settings().tuned
    forgotten = file.exists()
    file.unlink(missing_ok=True)
    if as_json:
        print_json({"forgotten": forgotten})
    else:
        told = f"Forgotten: {file}." if forgotten else f"There was nothing to forget in {file}."
        typer.echo(f"{told} The trees grow by the defaults.")


def _settings(*files: str) -> "Settings":
    """The settings, if they and the files that they name are as they should be."""
    from perdura.flows.configuration.setting_values import refuse_missing
    from perdura.flows.settings import Settings

    settings = Settings()
    refuse_missing((name, getattr(settings, name)) for name in files)
    return settings


def _refuse_training(until: datetime | None) -> None:
    from perdura.flows.cli.refusals import refuse_training

    refuse_training(_settings(), _day(until))


def _start_and_compile() -> None:
    """Prefect, and beside its start the loops, where they have not been compiled yet."""
    from perdura.flows.orchestration.prefect_setup import start
    from perdura.flows.runtime.compile_loops import compiling

    with compiling():
        start(on_cluster=bool(_settings().cluster))


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _in_words(error: Exception) -> str | None:
    """What is ours to say of an error, or the machine's; ``None`` where it is a fault of ours."""
    from perdura.flows.runtime.failures import failure_in_words

    home = Path(os.environ.get("PERDURA_HOME") or ".").expanduser()
    if words := failure_in_words(error, home):
        return words
    package = type(error).__module__.split(".")[0]
    if package.startswith("pydantic"):
        from perdura.flows.settings import mistakes

        return mistakes(error)
    if package in ("sqlalchemy", "sqlite3", "psycopg"):
        return safe_text(error)
    told = is_ours(error) or package == "tomllib" or isinstance(error, OSError)
    return str(error) if told else None


if __name__ == "__main__":
    main()
