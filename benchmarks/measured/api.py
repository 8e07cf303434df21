"""How fast the API answers on a table of many nights: one subscriber, pages, all of a night.

``python -m benchmarks.measured.api HOME ROWS`` measures on a home made by
``benchmarks.workload.risk_nights``, with one process for the server and one for all clients, and
prints its result as JSON.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import httpx
import numpy as np

from benchmarks.measure import OURS, ROOT, Measurement, Results, run
from benchmarks.measured.clients import latencies
from benchmarks.measured.startup import NIGHTS

# Seconds that each request is repeated, at a million rows and below.
_LONG, _SHORT = 15.0, 1.5
_PAGES = {
    "dearest": "/v1/current",
    "riskiest": "/v1/current?sort=risk",
    "by id": "/v1/current?sort=id",
    "rare plan": "/v1/current?sort=risk&plan=none",  # scans the whole index, finds no rows
    "prefix": "/v1/current?sort=id&prefix=00012",
    "desk, today": "/desk",
    "desk, all bands": "/desk?band=",
    "desk, one subscriber": "/desk/subscriber?id=000000000042",
    "desk, overview": "/desk/lead",
}


def measure(results: Results, data: Path, rows: int) -> None:
    """Measure on a table of ``rows`` rows a night, which is made and removed."""
    home = data / f"api-{rows}"
    results.measure(group_of(rows), "api", lambda: _measured(home, rows))
    shutil.rmtree(home, ignore_errors=True)


def group_of(rows: int) -> str:
    """The group of results of one size of table."""
    return f"api-{rows}"


def main(home: str, rows: str) -> None:
    """Print what was measured."""
    print(json.dumps(found_in(Path(home), int(rows))))


def found_in(home: Path, rows: int) -> Measurement:
    """Milliseconds of answers, at several numbers of clients, and subscribers a second exported."""
    result: Measurement = {"cold start": _started(home)}
    seconds = _LONG if rows >= 1_000_000 else _SHORT
    with _served(home) as (base, token, server):
        for clients in (1, 4, 16):
            result[f"one subscriber, {clients} clients"] = _of_one(
                base, token, rows, clients, seconds
            )
        for name, path in _PAGES.items():
            result[f"page: {name}"] = _of_page(base, token, path, seconds / 3)
        for kind in ("csv", "ndjson", "parquet"):
            result[f"export: {kind}"] = _exported(base, token, kind)
        result["server's peak"] = _peak(server)
    return result


def _measured(home: Path, rows: int) -> Measurement:
    if not home.exists():
        run([OURS, "-m", "benchmarks.workload.risk_nights", home, rows, NIGHTS], limit=7_200)
    return run([OURS, "-m", "benchmarks.measured.api", home, rows])


@contextmanager
def _served(home: Path) -> Iterator[tuple[str, str, int]]:
    """The server's address, a token, and its process id."""
    words = ["-m", "perdura.flows.cli.app", "serve", "--port", "0", "--with-token", "--json"]
    env = os.environ | {"PERDURA_HOME": str(home), "PERDURA_REQUESTS_PER_SECOND": "1000000"}
    with subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    ) as server:
        printed = ""
        for line in server.stdout or ():
            printed += line
            if line.startswith("}"):
                break
        result = json.loads(printed)
        try:
            yield result["address"], result["token"], server.pid
        finally:
            server.terminate()


def _started(home: Path) -> Measurement:
    """Seconds from the command to the line that says where it listens."""
    start = perf_counter()
    with _served(home) as (_, _, server):
        return {"seconds": perf_counter() - start, "peak": _peak(server)}


def _of_one(base: str, token: str, rows: int, clients: int, seconds: float) -> Measurement:
    rng = np.random.default_rng(3)
    paths = [f"/v1/subscribers/{n:012}" for n in rng.integers(0, rows, 20_000)]
    start = monotonic()
    found = asyncio.run(latencies(base, token, paths, clients, seconds))
    return _latencies(found, monotonic() - start)


def _of_page(base: str, token: str, path: str, seconds: float) -> Measurement:
    paths = [path] * 200
    start = monotonic()
    found = asyncio.run(latencies(base, token, paths, 1, seconds))
    return _latencies(found, monotonic() - start)


def _latencies(seconds: list[float], whole: float) -> Measurement:
    result: dict[str, Any] = {"answers": len(seconds), "a second": len(seconds) / whole}
    percentiles = {"p50": 50, "p90": 90, "p99": 99, "most": 100}
    return result | {
        name: np.percentile(seconds, rank) * 1_000 for name, rank in percentiles.items()
    }


def _exported(base: str, token: str, kind: str) -> Measurement:
    """All of a night, taken as fast as it comes."""
    start, size = perf_counter(), 0
    held = {"Authorization": f"Bearer {token}"}
    with httpx.stream("GET", f"{base}/v1/export?format={kind}", headers=held, timeout=600) as got:
        got.raise_for_status()
        for piece in got.iter_raw():
            size += len(piece)
    seconds = perf_counter() - start
    rows = httpx.get(f"{base}/v1/freshness", headers=held).json()["rows"]
    return {"seconds": seconds, "bytes": size, "subscribers a second": rows / seconds}


def _peak(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
