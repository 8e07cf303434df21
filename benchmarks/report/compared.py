"""The tables of ``RESULTS.md`` that compare Perdura with other tools."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from benchmarks.measure import Measurement, Results
from benchmarks.measured import night, reasons
from benchmarks.measured.features import (
    FEATURETOOLS,
    OUR_WAY,
    TEMPORIAN,
    WAYS,
    compared_at,
    group_of,
)
from benchmarks.report.markdown import gib, table
from benchmarks.sizes import Sizes
from benchmarks.workload.task import Order


def comparisons(results: Results, sizes: Sizes) -> Iterator[str]:
    """Headings, words and tables of what has been measured: features, a night, reasons."""
    yield from _features(results, sizes.features, sizes.orders)
    yield from _one_date(results, sizes.features)
    on_time = {TEMPORIAN.name: sizes.temporian, FEATURETOOLS.name: sizes.featuretools}
    for way, subscribers in on_time.items():
        yield from _on_time(results, way, subscribers)
    yield from _night(results, sizes.active)
    yield from _reasons(results, sizes.active)


def _features(results: Results, subscribers: int, orders: tuple[Order, ...]) -> Iterator[str]:
    by_order = [results.read(group_of(subscribers, order)) for order in orders]
    if not all(OUR_WAY in found for found in by_order):
        return
    ours = [found[OUR_WAY] for found in by_order]
    yield f"### Training features of {subscribers:,} subscribers\n"
    yield (
        f"Twelve dates, 60 columns, {ours[0]['rows']:,} rows out, without writing them. Every "
        "value of every way was first compared with Perdura's at "
        f"{compared_at(subscribers):,} subscribers (counts "
        "equal, the rest to 1e-9), then all sums and counts by date at this size.\n"
    )
    rows = []
    for way in WAYS:
        runs = [found.get(way.name, {"failed": "not measured"}) for found in by_order]
        cells = [
            cell for run, our_run in zip(runs, ours, strict=True) for cell in _cells(run, our_run)
        ]
        rows.append([way.name, *cells])
    heads = (cell for order in orders for cell in (f"{order}: s", "GiB", "ratio"))
    yield table(["way", *heads], rows)
    if apart := sorted({way for found in by_order for way in _apart(found)}):
        yield f"Not in one run with Perdura, and so compared with less care: {', '.join(apart)}.\n"


def _apart(found: dict[str, Measurement]) -> list[str]:
    """Ways measured more than an hour before or after Perdura."""
    ours = datetime.fromisoformat(found[OUR_WAY]["measured"])
    times = {way: datetime.fromisoformat(result["measured"]) for way, result in found.items()}
    return [way for way, when in times.items() if abs(when - ours) > timedelta(hours=1)]


def _one_date(results: Results, subscribers: int) -> Iterator[str]:
    found = results.read(f"one-date-{subscribers}")
    if OUR_WAY in found:
        yield f"### One date, {found[OUR_WAY]['rows']:,} rows out\n"
        yield _compared(found, found[OUR_WAY])


def _on_time(results: Results, way: str, subscribers: int) -> Iterator[str]:
    found = results.read(group_of(subscribers, "sorted", late=False))
    both = {name: found[name] for name in (OUR_WAY, way) if name in found}
    if len(both) == 2:
        yield f"### {way}: the same work, {subscribers:,} subscribers\n"
        yield (
            "It knows one time of an event, so this is measured on events that were known as they "
            "happened; compared for equality at 1,000 subscribers.\n"
        )
        yield _compared(both, found[OUR_WAY])


def _night(results: Results, active: int) -> Iterator[str]:
    found = results.read(night.group_of(active))
    ours, usual = found.get("Perdura", {}), found.get("usual stack, a tenth", {})
    if "seconds" not in ours:
        return
    yield f"### A night of {ours['rows']:,} active subscribers\n"
    yield (
        "From landed events to the published table, 60 columns, 200 trees of at most 31 leaves "
        "and six splits deep, reasons for every subscriber.\n"
    )
    rows = [["Perdura", *_cells(ours, ours), _steps(ours, 1)]]
    if "seconds" in (more := found.get(night.WITH_MONTHS, {})):
        rows.append([night.WITH_MONTHS, *_cells(more, more), _steps(more, 1)])
    if "seconds" in usual:
        scale = ours["rows"] / usual["rows"]
        seconds, peak, ratio = _cells(usual | {"seconds": usual["seconds"] * scale}, ours)
        name = "usual stack, extrapolated"
        rows.append([name, seconds, f"{peak} (a tenth)", ratio, _steps(usual, scale)])
        yield (
            f"The usual stack was run for {usual['rows']:,} and its seconds multiplied by "
            f"{scale:.1f}; the risks of both were equal to 1e-6.\n"
        )
    yield table(["way", "s", "GiB", "ratio", "of which, seconds"], rows)
    if landed := found.get("land"):
        yield f"Landing the events before it: {landed['seconds']:.0f} s, {gib(landed)} GiB.\n"


def _reasons(results: Results, active: int) -> Iterator[str]:
    found = {
        name: result
        for name, result in results.read(reasons.group_of(active)).items()
        if "rows" in result
    }
    if "Perdura" not in found:
        return
    yield "### Exact reasons alone\n"
    yield "By rows a second; equal to `pred_contrib` to 1e-5, missing values included.\n"
    ours = found["Perdura"]["rows"] / found["Perdura"]["seconds"]
    rows = []
    for name, result in found.items():
        rate = result["rows"] / result["seconds"]
        what = "booster.predict, no reasons" if name == "predict" else name
        apart = f"{result['apart']:.0e}" if "apart" in result else ""
        cells = [f"{result['rows']:,}", f"{result['seconds']:.1f}", gib(result), f"{rate:,.0f}"]
        rows.append([what, *cells, f"{ours / rate:.1f}", apart])
    yield table(["way", "rows", "s", "GiB", "rows a second", "ratio", "differs by"], rows)


def _compared(found: dict[str, Measurement], ours: Measurement) -> str:
    rows = [[name, *_cells(result, ours)] for name, result in found.items()]
    return table(["way", "s", "GiB", "ratio"], rows)


def _cells(result: Measurement, ours: Measurement) -> list[str]:
    """Seconds, memory and the ratio to Perdura."""
    if "seconds" not in result or "seconds" not in ours:
        return [result.get("failed", "not measured"), "", ""]
    ratio = result["seconds"] / ours["seconds"]
    shown = f"{ratio:.1f}" if ratio >= 1 else f"**{ratio:.2f}**"
    return [f"{result['seconds']:.1f}", gib(result), "" if result is ours else shown]


def _steps(result: Measurement, scale: float) -> str:
    return ", ".join(f"{name} {seconds * scale:.1f}" for name, seconds in result["steps"].items())
