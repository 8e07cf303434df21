"""A night, from landed events to the published table, beside the usual stack at a tenth of it."""

import shutil
import sqlite3
from functools import cache
from pathlib import Path

from benchmarks.measure import OURS, PEERS, Measurement, Results, run
from benchmarks.workload.events import make

#: Subscribers in all, for each that is active on the night.
_EVER_PER_ACTIVE = 1.275

#: The night with what the usual stack does not do.
WITH_MONTHS = "Perdura, with survival and CLTV"

# Subscribers that the model is fitted on: a tenth of the night's, between these; all if fewer.
_FITTED_ON = (20_000, 100_000)


def measure(results: Results, data: Path, active: int, *, alone: bool = False) -> None:
    """Perdura's night of ``active`` subscribers; the usual stack's of a tenth; the same risks."""
    group, tenth = group_of(active), active // 10
    results.measure(group, "land", lambda: _landed(data, active))
    if not alone:
        results.measure(group, "usual stack, a tenth", lambda: _usual(data, tenth))
        results.measure(group, "Perdura, a tenth", lambda: _night(data, tenth, tenth))
        results.measure(group, "same risks", lambda: _same(data, tenth))
    results.measure(group, "Perdura", lambda: _night(data, active, tenth))
    if (model_in(data, active) / "survival").exists():
        results.measure(group, WITH_MONTHS, lambda: _night(data, active, tenth, "months"))


def group_of(active: int) -> str:
    """The group of results of one size."""
    return f"night-{active}"


def model_in(data: Path, active: int) -> Path:
    """The model that nights and reasons are measured with; fitted where it is not there."""
    model = data / "model"
    if not model.exists():
        few, many = _FITTED_ON
        subscribers = min(max(active // 10, min(active, few)), many)
        events = make(data / str(subscribers), subscribers)
        _require(run([OURS, "-m", "benchmarks.steps.night", "fit", model, events]))
    return model


def home_in(data: Path, active: int) -> Path:
    """The home of a business with ``active`` active subscribers; landed where it is not there."""
    home = data / f"night-{active}"
    if not home.exists():
        _require(_landed(data, active))
    return home


def _events(data: Path, active: int) -> Path:
    ever = int(active * _EVER_PER_ACTIVE)
    return make(data / str(ever), ever)


def _landed(data: Path, active: int) -> Measurement:
    home, draft = data / f"night-{active}", data / f"night-{active}.partial"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)
    draft.mkdir()
    words = ["prepare", draft, _events(data, active), model_in(data, active)]
    result = run([OURS, "-m", "benchmarks.steps.night", *words])
    draft.rename(home)
    return result


def _night(data: Path, active: int, tenth: int, months: str = "no-months") -> Measurement:
    _compiled(home_in(data, tenth))
    return _run(home_in(data, active), months)


@cache
def _compiled(home: Path) -> None:
    """The first run on a machine compiles: it is not timed."""
    _run(home, "months")


def _run(home: Path, months: str) -> Measurement:
    for file in home.glob("ours.db*"):
        file.unlink()
    return run([OURS, "-m", "benchmarks.steps.night", "night", home, months])


def _usual(data: Path, active: int) -> Measurement:
    file = home_in(data, active) / "usual.db"
    words = [_events(data, active), model_in(data, active), file]
    return run([PEERS, "-m", "benchmarks.peers.usual_night", *words])


def _same(data: Path, active: int) -> Measurement:
    """Compare the risks of both tables, to 1e-6."""
    home = home_in(data, active)
    if not (home / "ours.db").exists():
        _require(_night(data, active, active))
    if not (home / "usual.db").exists():
        _require(_usual(data, active))
    with sqlite3.connect(home / "ours.db") as database:
        database.execute("ATTACH ? AS usual", [str(home / "usual.db")])
        both, apart = database.execute(
            "SELECT count(*), max(abs(ours.risk - theirs.risk)) FROM main.risk ours "
            "JOIN usual.risk theirs USING (subscriber_id)"
        ).fetchone()
        counts = [
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("main.risk", "usual.risk")
        ]
    if counts != [both, both] or apart > 1e-6:
        raise SystemExit(f"the nights differ: {counts} rows, {both} in both, risks by {apart}")
    return {"rows": both, "apart": apart}


def _require(result: Measurement) -> None:
    if "failed" in result:
        raise SystemExit(f"a step that later steps need failed: {result['failed']}")
