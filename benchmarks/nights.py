"""A night, from landed events to the published table, beside the usual stack at a tenth of it."""

import shutil
import sqlite3
from pathlib import Path

from benchmarks.data import make
from benchmarks.measure import OURS, PEERS, Results, Told, run

#: Of those who ever subscribed, so many for each who is active on the night.
_EVER_PER_ACTIVE = 1.275

_FITTED_ON = 20_000


def measure(results: Results, data: Path, active: int) -> None:
    """Perdura's night of ``active`` subscribers; the usual stack's of a tenth; the same risks."""
    group = f"night-{active}"
    model, homes = data / "model", [data / f"night-{n}" for n in (active, active // 10)]
    results.measure(group, "fit", lambda: _fitted(data, model))
    for home, people in zip(homes, (active, active // 10), strict=True):
        results.measure(
            group, f"land {people}", lambda h=home, p=people: _landed(data, h, p, model)
        )
    tenth = homes[1]
    results.measure(group, "usual stack, a tenth", lambda: _usual(data, active // 10, model, tenth))
    results.measure(group, "Perdura, a tenth", lambda: _night(tenth))
    results.measure(group, "same risks", lambda: _same(tenth))
    results.measure(group, "Perdura", lambda: _night(homes[0]))


def people_of(data: Path, active: int) -> Path:
    """The events of as many as make about ``active`` of them active on the night."""
    ever = int(active * _EVER_PER_ACTIVE)
    return make(data / str(ever), ever)


def _fitted(data: Path, model: Path) -> Told:
    events = make(data / str(_FITTED_ON), _FITTED_ON)
    return run([OURS, "-m", "benchmarks.night_steps", "fit", model, events])


def _landed(data: Path, home: Path, active: int, model: Path) -> Told:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    events = people_of(data, active)
    return run([OURS, "-m", "benchmarks.night_steps", "prepare", home, events, model])


def _night(home: Path) -> Told:
    for file in home.glob("ours.db*"):
        file.unlink()
    return run([OURS, "-m", "benchmarks.night_steps", "night", home])


def _usual(data: Path, active: int, model: Path, home: Path) -> Told:
    file = home / "usual.db"
    words = [PEERS, "-m", "benchmarks.peers.usual_night", people_of(data, active), model, file]
    return run(words, limit=3_600)


def _same(home: Path) -> Told:
    """Everybody's risk in both tables, to one part in a million."""
    with sqlite3.connect(home / "ours.db") as database:
        database.execute("ATTACH ? AS usual", [str(home / "usual.db")])
        both, apart = database.execute(
            "SELECT count(*), max(abs(ours.risk - usual.risk.risk)) FROM risk ours "
            "JOIN usual.risk USING (subscriber_id)"
        ).fetchone()
        people = [
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("main.risk", "usual.risk")
        ]
    if people != [both, both] or apart > 1e-6:
        raise SystemExit(f"the nights differ: {people} people, {both} in both, risks by {apart}")
    return {"rows": both, "apart": apart}
