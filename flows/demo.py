"""The demonstration: a simulated company from its first event to the risk table."""

import shutil
import sys
from pathlib import Path

from rich.console import Console

from flows.extract_sources import extract_sources
from flows.progress import STDERR, step
from flows.score_nightly import score_nightly
from flows.settings import FILE, Settings
from flows.show import print_report, print_risks, print_training
from flows.train_weekly import train_weekly
from risk.table import read
from sources.sample import simulate

_COMPANY = Path("data") / "company"


class HomeInUse(ValueError):
    """The home holds another business's data."""


def run_demo(*, subscribers: int, months: int) -> None:
    """Simulate a company, run the three flows on it, and print who may leave.

    Raises:
        HomeInUse: The home holds another business's data. Nothing was done.
    """
    settings = _free_home()
    console, company = Console(highlight=False), settings.home / _COMPANY
    STDERR.print(f"A company of {subscribers:,} subscribers over {months} months, simulated.")
    with step("simulate", {}) as tell:
        made = simulate(company, subscribers=subscribers, months=months, progress=tell)
    today = made.until.date()
    print_report(extract_sources(company / "mapping.toml", today, patient=False), console)
    print_training(train_weekly(today), console)
    score_nightly(today)
    print_risks(read(settings.risk_url, top=15), settings, console, now=made.until)
    _say_where(settings, console)


def _free_home() -> Settings:
    settings = Settings()
    mapping = settings.home / _COMPANY / "mapping.toml"
    if settings.mapping and settings.mapping.absolute() != mapping.absolute():
        raise HomeInUse(
            f"{settings.home.absolute() / FILE} belongs to {settings.mapping}; the demonstration "
            "would mix a simulated company into it. Set PERDURA_HOME to an empty folder"
        )
    return settings


def _say_where(settings: Settings, console: Console) -> None:
    home, folder = settings.home, _shown(Path(sys.executable).parent)
    elsewhere = "" if home == Path() else f"PERDURA_HOME={home} "
    store = f"sqlite:///{home / 'mlruns' / 'mlflow.db'}"
    lines = [
        "",
        f"The risk table is {home / 'data' / 'risk.db'}; to show it:",
        f"  {elsewhere}{folder}perdura risk --top 15",
        f"The MLflow store is {home / 'mlruns'}; to show it:",
        f"  {folder}mlflow ui --backend-store-uri {store}",
    ]
    console.print("\n".join(lines), soft_wrap=True)


def _shown(folder: Path) -> str:
    """The folder before a command's name, as one would type it; nothing if it is on the path."""
    if shutil.which("perdura"):
        return ""
    here = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    return f"{here}/"
