"""The tables of ``RESULTS.md`` about what is served."""

from collections.abc import Iterator

from benchmarks import api
from benchmarks.markdown import table
from benchmarks.measure import Results, Told
from benchmarks.startup import NIGHTS


def served(results: Results, rows: int) -> Iterator[str]:
    """Heading, words and tables of the API on a table of so many rows a night, where measured."""
    told = results.read(api.group_of(rows)).get("api")
    if not told:
        return
    yield f"### The API, with a table of {rows:,} rows x {NIGHTS} nights\n"
    yield (
        "One process serves, and another asks as fast as it is answered, both on these cores. One "
        "subscriber is the newest night, all nights, reasons, events and contacts; a page has 50 "
        "rows, those of the desk 25, and the rare plan is nobody's.\n"
    )
    asked = {
        **{name: found for name, found in told.items() if name.startswith("one subscriber")},
        **{f"page: {name}": found for name, found in _under(told, "page: ").items()},
    }
    answers = [
        [name, f"{found['a second']:,.0f}", *(f"{found[p]:.0f}" for p in ("p50", "p90", "p99"))]
        for name, found in asked.items()
    ]
    yield table(["asked", "answers a second", "p50, ms", "p90, ms", "p99, ms"], answers)
    exports = [
        [kind, f"{found['seconds']:.1f}", f"{found['subscribers a second']:,.0f}"]
        for kind, found in _under(told, "export: ").items()
    ]
    yield table(["export of all", "s", "subscribers a second"], exports)
    start, most = told["cold start"], told["server's peak"]
    yield (
        f"Cold start: {start['seconds']:.1f} s and {start['peak'] / 2**20:.0f} MiB; at most "
        f"{most / 2**20:.0f} MiB in all of this.\n"
    )


def _under(told: Told, beginning: str) -> dict[str, Told]:
    return {
        name.removeprefix(beginning): found
        for name, found in told.items()
        if name.startswith(beginning)
    }
