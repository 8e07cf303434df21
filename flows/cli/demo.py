"""The demonstration: a simulated company from its first event to the risk table."""

import shutil
import sys
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from perdura.flows.cli.console import output
from perdura.flows.cli.render.night import print_risks
from perdura.flows.cli.render.runs import print_report, print_training
from perdura.flows.runtime.progress import STDERR, step
from perdura.flows.score_nightly import score_nightly
from perdura.flows.settings import COMPANY, HomeInUse, Settings, keep
from perdura.flows.steps.extract_sources import extract_sources
from perdura.flows.train_weekly import train_weekly
from perdura.risk.store.urls import shown
from perdura.risk.table import riskiest
from perdura.sources.counted import counted
from perdura.sources.simulator import simulate


def run_demo(*, subscribers: int, months: int, quiet: bool = False) -> dict[str, Any]:
    """Simulate a company, run the three flows on it, and print who may leave.

    Args:
        subscribers: How many people there are in all.
        months: How many months are simulated.
        quiet: Print nothing but progress.

    Returns:
        For machines: ``train`` and ``score`` as those commands tell them, the ``riskiest``, and
        where the ``risk_table`` and the ``mlflow`` store lie.

    Raises:
        HomeInUse: The home, or the risk table, is another business's. Nothing was done.
    """
    settings = Settings()
    refuse_shared_table(settings.risk_url)
    console, mapping = output(quiet=quiet), company_mapping(settings.home)
    keep(settings, mapping, {})
    settings = Settings()
    STDERR.print(
        f"A company of {counted(subscribers, 'subscriber')} over {counted(months, 'month')}, "
        "simulated."
    )
    with step("simulate", {}) as on_progress:
        made = simulate(
            mapping.parent, subscribers=subscribers, months=months, progress=on_progress
        )
    today = made.until.date()
    report = extract_sources(mapping, today, patient=False)
    if any(entry.in_rows.rejected for entry in report.tables):
        console.print("Some rows below are wrong on purpose, to show how rejected rows are told.")
    print_report(report, console)
    STDERR.print("Training on their outcomes.")
    trained = train_weekly(today)
    print_training(trained, console)
    STDERR.print(f"Scoring every subscriber active on {today}.")
    night = score_nightly(today)
    rows = riskiest(settings.risk_url, 15, scored_on=today)
    print_risks(rows, settings, console)
    _say_where(settings.home, settings.risk_url, today, console)
    return {
        "train": trained,
        "score": night,
        "riskiest": rows,
        "risk_table": shown(settings.risk_url),
        "mlflow": str(settings.home.absolute() / "mlruns"),
    }


def company_mapping(home: Path) -> Path:
    """The mapping file of the company that is simulated in a home."""
    return home / COMPANY / "mapping.toml"


def refuse_shared_table(url: str) -> None:
    """Simulated people belong in no table that support reads.

    Raises:
        HomeInUse: The settings name one.
    """
    if not url.startswith("sqlite:"):
        raise HomeInUse(
            f"the demonstration would publish simulated people to {shown(url)}; "
            "unset PERDURA_RISK_TABLE__URL for it, and they stay in a file of the home"
        )


def _say_where(home: Path, url: str, today: date, console: Console) -> None:
    folder = ""  # before a command's name, as one would type it; nothing if it is on the path
    if not shutil.which("perdura"):
        path, here = Path(sys.executable).parent, Path.cwd()
        folder = f"{path.relative_to(here) if path.is_relative_to(here) else path}/"
    elsewhere = "" if home == Path() else f"PERDURA_HOME={home} "
    store = f"sqlite:///{home / 'mlruns' / 'mlflow.db'}"
    lines = [
        "",
        f"The risk table is {shown(url)}; to show it:",
        f"  {elsewhere}{folder}perdura risk --on {today} --top 15",
        "Support's pages, at an address and with a token that it prints:",
        f"  {elsewhere}{folder}perdura serve --with-token",
        f"The MLflow store is {home / 'mlruns'}; to show it:",
        f"  {folder}mlflow ui --backend-store-uri {store}",
        "  and after half a minute open http://127.0.0.1:5000/#/models/churn",
    ]
    console.print("\n".join(lines), soft_wrap=True)
