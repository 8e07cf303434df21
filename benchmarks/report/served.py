"""The tables of ``RESULTS.md`` about what is served."""

from collections.abc import Iterator

from benchmarks.measure import Measurement, Results
from benchmarks.measured import api
from benchmarks.measured.startup import NIGHTS
from benchmarks.report.markdown import table


def served(results: Results, rows: int) -> Iterator[str]:
    """Heading, words and tables of the API on a table of ``rows`` rows a night, where measured."""
    result = results.read(api.group_of(rows)).get("api")
    if not result:
        return
    yield f"### The API, with a table of {rows:,} rows x {NIGHTS} nights\n"
    yield (
        "One process serves, another sends the next request as soon as the last is answered, "
        "both on these cores. One subscriber is the newest night, all nights, reasons, events and "
        "contacts; a page has 50 rows, those of the desk 25, and no subscriber has the rare plan.\n"
    )
    requests = {
        **{name: found for name, found in result.items() if name.startswith("one subscriber")},
        **{f"page: {name}": found for name, found in _under(result, "page: ").items()},
    }
    answers = [
        [name, f"{found['a second']:,.0f}", *(f"{found[p]:.0f}" for p in ("p50", "p90", "p99"))]
        for name, found in requests.items()
    ]
    yield table(["request", "answers a second", "p50, ms", "p90, ms", "p99, ms"], answers)
    exports = [
        [kind, f"{found['seconds']:.1f}", f"{found['subscribers a second']:,.0f}"]
        for kind, found in _under(result, "export: ").items()
    ]
    yield table(["export of all", "s", "subscribers a second"], exports)
    start, most = result["cold start"], result["server's peak"]
    yield (
        f"Cold start: {start['seconds']:.1f} s and {start['peak'] / 2**20:.0f} MiB; at most "
        f"{most / 2**20:.0f} MiB in all of this.\n"
    )


def _under(result: Measurement, beginning: str) -> dict[str, Measurement]:
    return {
        name.removeprefix(beginning): found
        for name, found in result.items()
        if name.startswith(beginning)
    }
