"""A night's parts on one worker and on more, in turn: ``python -m benchmarks.steps.cluster``.

With ``HOME WORKERS ROUNDS`` it prints what it did as JSON. The workers have started, imported,
compiled and read everything once before the clock; publishing is not in the seconds, since it is
not split.
"""

import json
import sys
from datetime import UTC, datetime, time
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from distributed import Client

from benchmarks.steps.growth import UNTIL
from perdura.flows.configuration.groups import ComputeSettings
from perdura.flows.orchestration.cluster import workers_here
from perdura.flows.runtime.parts import parts_of
from perdura.flows.runtime.scratch import scratch
from perdura.flows.settings import Settings
from perdura.flows.steps.score_parts import MODEL, ScoredPart, score_part
from perdura.models.registry.champion import load_champion
from perdura.sources.landing.partition import Part


def main(home: str, workers: str, times: str) -> None:
    """The medians of several rounds over all parts, one worker and all of them side by side."""
    settings = Settings(
        home=Path(home).absolute(), compute=ComputeSettings(cluster="local", workers=int(workers))
    )
    parts = parts_of(settings.landing, settings.compute)
    with workers_here(settings.compute.workers) as cluster, Client(cluster) as connected:
        client: Any = connected
        all_workers = [*client.nthreads()]
        scored = [_round(client, [worker], parts, settings)[1] for worker in all_workers]
        rounds = [
            [_round(client, few, parts, settings)[0] for few in (all_workers[:1], all_workers)]
            for _ in range(int(times))
        ]
    result = {
        "seconds": median(shared for _, shared in rounds),
        "alone": median(alone for alone, _ in rounds),
        "gain": median(alone / shared for alone, shared in rounds),
        "rounds": rounds,
        "rows": sum(part.rows for part in scored[0]),
        "parts": len(parts),
    }
    print(json.dumps(result))


def _round(
    client: Any, workers: list[str], parts: list[Part], settings: Settings
) -> tuple[float, list[ScoredPart]]:
    """Seconds, and the result of every part."""
    as_of = datetime.combine(UNTIL, time.min, tzinfo=UTC)
    with scratch(settings.home, "benchmark") as folder:
        load_champion(settings.home)[0].save(folder / MODEL)
        start = perf_counter()
        futures = [
            client.submit(score_part, part, as_of, settings, folder, workers=workers, pure=False)
            for part in parts
        ]
        scored = client.gather(futures)
        return perf_counter() - start, scored


if __name__ == "__main__":
    main(*sys.argv[1:])
