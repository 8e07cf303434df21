"""The simulated company's weeks and nights, one process a step.

``python -m benchmarks.steps.growth STEP HOME SUBSCRIBERS`` prints its result as JSON. Imports are
outside the seconds, as is the start of Prefect's server where one is set.
"""

import json
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from time import perf_counter
from typing import Any

MONTHS = 12
UNTIL = date(2026, 11, 1)

#: Rows, and values of the step's own.
Done = dict[str, Any]


def simulate(home: Path, subscribers: int) -> Done:
    """Events written, of twelve months."""
    from perdura.sources.simulator import simulate

    made = simulate(home / "company", subscribers=subscribers, months=MONTHS, until=UNTIL)
    return {"rows": sum(made.rows.values())}


def extract(home: Path, _subscribers: int) -> Done:
    """Rows landed; what they were read from is then removed, to make room."""
    from perdura.sources.extract import extract

    report = extract(
        home / "company" / "mapping.toml",
        until=datetime.combine(UNTIL, time.min, tzinfo=UTC),
        landing=home / "data" / "landing",
    )
    return {"rows": sum(table.rows for table in report.tables)}


def train(home: Path, _subscribers: int) -> Done:
    """Rows fitted and tested, by the weekly flow."""
    from perdura.flows.train_weekly import train_weekly

    trained = train_weekly(UNTIL, home)
    rows = sum(count for name, count in trained.rows.items() if name.endswith("_rows"))
    return {"rows": rows, "steps": dict(trained.seconds), "promoted": trained.promoted}


def night(home: Path, _subscribers: int) -> Done:
    """Subscribers scored, explained and published, by the nightly flow."""
    from perdura.flows.score_nightly import score_nightly

    scored = score_nightly(UNTIL, home)
    return {"rows": scored.rows, "steps": dict(scored.seconds)}


STEPS: dict[str, Callable[[Path, int], Done]] = {
    "simulate": simulate,
    "extract": extract,
    "train": train,
    "night": night,
}


def main(step: str, folder: str, subscribers: str) -> None:
    """Do one step; flows with Prefect started before the clock."""
    home = Path(folder)
    if step in {"train", "night"}:
        from perdura.flows.orchestration.prefect_setup import quiet, start

        quiet()
        start()
    began = perf_counter()
    done = STEPS[step](home, int(subscribers))
    seconds = perf_counter() - began
    if step == "extract":
        shutil.rmtree(home / "company")
    print(json.dumps(done | {"seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
