"""Three nights of an operator: by the clock, after a kill, a move, an erasure, a lost source."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic

import pytest

from perdura.flows.settings import Settings
from perdura.models.registry.champion import load_champion
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.risk.table import history, published_dates, read
from tests.debian.faked_clock import clock_at
from tests.support.schedule_served import (
    Served,
    environment,
    run,
    scheduled,
    server,
    soon,
    wait_for,
)

FIRST, MISSED, LAST = (date(2026, 11, day) for day in (2, 3, 4))


@pytest.fixture
def home(trained: Path, company: Path, tmp_path: Path) -> Path:
    """A home of its own with sources of its own, whose model was promoted on 1 November."""
    sources = shutil.copytree(company, tmp_path / "company")
    home = shutil.copytree(trained, tmp_path / "home")
    settings = home / "perdura.toml"
    settings.write_text(settings.read_text().replace(str(company), str(sources)))
    with mlflow_at(home) as client:
        client.set_model_version_tag("churn", "1", "promoted_at", "2026-11-01T12:00:00+00:00")
    return home


def test_every_night_is_there_once_with_its_own_date_whatever_happens_between(
    home, tmp_path, prefect_made
):
    shutil.copytree(prefect_made, tmp_path / "prefect")
    url = Settings(home=home).risk_url
    with nights_served(home, FIRST, tmp_path) as served:
        wait_for(lambda: FIRST in published_dates(url), served)
        served.stop(signal.SIGKILL)
    erased = str(read(url)["subscriber_id"].iloc[0])

    moved = Path(shutil.move(home, tmp_path / "elsewhere"))
    tickets, lost = tmp_path / "company" / "tickets", tmp_path / "company" / "lost"
    tickets.rename(lost)
    done = run(["forget", erased, "--yes"], environment(moved) | clock_at(noon(MISSED)))
    assert done.returncode == 0, done.stderr

    url = Settings(home=moved).risk_url
    with nights_served(moved, LAST, tmp_path) as served:
        wait_for(lambda: MISSED in published_dates(url), served)
        lost.rename(tickets)
        wait_for(lambda: LAST in published_dates(url), served)
        served.stop(signal.SIGKILL)

    assert published_dates(url) == {FIRST, MISSED, LAST}
    for day in (FIRST, MISSED, LAST):
        night = read(url, scored_on=day)
        assert set(night["scored_on"].dt.date) == {day}
        assert set(night["model_version"]) == {"1"}
        assert set(night["trial"]) == {False}
        assert ("tickets" in night["degraded"].iloc[0]) == (day == MISSED)
    assert history(url, erased).empty
    assert load_champion(moved)[1] == "1"
    assert not home.exists()  # nothing was written where it was


@contextmanager
def nights_served(home: Path, day: date, folder: Path) -> Iterator[Served]:
    """The schedule from noon of ``day`` on, whose night is due in a minute or two."""
    clock = clock_at(noon(day))
    begun = monotonic()
    with server(folder / "prefect", **clock) as api:
        now = noon(day) + timedelta(seconds=monotonic() - begun)
        env = environment(
            home,
            PREFECT_API_URL=api,
            PERDURA_NIGHT_AT=f"{soon(now, timedelta(seconds=45)):%H:%M}",
            PERDURA_OVERDUE_MINUTES="0.2",
            **clock,
        )
        with scheduled(env, folder / f"{day}.log") as served:
            yield served


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)
