"""The tables of ``RESULTS.md`` that set Perdura beside the other tools."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from benchmarks import nights, reasons
from benchmarks.markdown import gib, table
from benchmarks.measure import Results, Told
from benchmarks.sizes import Sizes
from benchmarks.training_features import FEATURETOOLS, OUR_WAY, TEMPORIAN, WAYS, group_of
from benchmarks.work import Order


def comparisons(results: Results, sizes: Sizes) -> Iterator[str]:
    """Headings, words and tables of what has been measured: features, a night, reasons."""
    yield from _features(results, sizes.features, sizes.orders)
    yield from _one_date(results, sizes.features)
    for way, people in ((TEMPORIAN.name, sizes.temporian), (FEATURETOOLS.name, sizes.featuretools)):
        yield from _on_time(results, way, people)
    yield from _night(results, sizes.active)
    yield from _reasons(results, sizes.active)


def _features(results: Results, subscribers: int, orders: tuple[Order, ...]) -> Iterator[str]:
    found = [results.read(group_of(subscribers, order)) for order in orders]
    if not all(OUR_WAY in told for told in found):
        return
    ours = [told[OUR_WAY] for told in found]
    yield f"### Training features of {subscribers:,} subscribers\n"
    yield (
        f"Twelve dates, 60 columns, {ours[0]['rows']:,} rows out, without writing them. Every "
        "value of every way was first compared with Perdura's at 10,000 subscribers (counts "
        "equal, the rest to 1e-9), then all sums and counts by date at this size.\n"
    )
    rows = []
    for way in WAYS:
        told = [each.get(way.name, {"failed": "not measured"}) for each in found]
        cells = [cell for one, mine in zip(told, ours, strict=True) for cell in _cells(one, mine)]
        rows.append([way.name, *cells])
    heads = (cell for order in orders for cell in (f"{order}: s", "GiB", "ratio"))
    yield table(["way", *heads], rows)
    if apart := sorted({way for told in found for way in _apart(told)}):
        yield f"Not in one run with Perdura, and so compared with less care: {', '.join(apart)}.\n"


def _apart(told: dict[str, Told]) -> list[str]:
    """What was measured more than an hour before or after Perdura."""
    ours = datetime.fromisoformat(told[OUR_WAY]["measured"])
    at = {way: datetime.fromisoformat(each["measured"]) for way, each in told.items()}
    return [way for way, when in at.items() if abs(when - ours) > timedelta(hours=1)]


def _one_date(results: Results, subscribers: int) -> Iterator[str]:
    found = results.read(f"one-date-{subscribers}")
    if OUR_WAY in found:
        yield f"### One date, {found[OUR_WAY]['rows']:,} rows out\n"
        yield _compared(found, found[OUR_WAY])


def _on_time(results: Results, way: str, subscribers: int) -> Iterator[str]:
    found = results.read(group_of(subscribers, "sorted", late=False))
    told = {name: found[name] for name in (OUR_WAY, way) if name in found}
    if len(told) == 2:
        yield f"### {way}: the same work, {subscribers:,} subscribers\n"
        yield (
            "It knows one time of an event, so this is measured on events that were known as they "
            "happened; compared for equality at 1,000 subscribers.\n"
        )
        yield _compared(told, found[OUR_WAY])


def _night(results: Results, active: int) -> Iterator[str]:
    found = results.read(nights.group_of(active))
    ours, usual = found.get("Perdura", {}), found.get("usual stack, a tenth", {})
    if "seconds" not in ours or "seconds" not in usual:
        return
    yield f"### A night of {ours['rows']:,} active subscribers\n"
    scale = ours["rows"] / usual["rows"]
    yield (
        "From landed events to the published table, 60 columns, 200 trees of at most 31 leaves "
        "and six splits deep, reasons for everybody. The usual stack was run for "
        f"{usual['rows']:,} and its seconds multiplied by {scale:.1f}; the risks of both were "
        "equal to 1e-6.\n"
    )
    rows = [["Perdura", *_cells(ours, ours), _steps(ours, 1)]]
    if "seconds" in (more := found.get(nights.WITH_MONTHS, {})):
        rows.append([nights.WITH_MONTHS, *_cells(more, more), _steps(more, 1)])
    told = usual | {"seconds": usual["seconds"] * scale}
    seconds, peak, ratio = _cells(told, ours)
    rows.append(
        ["usual stack, extrapolated", seconds, f"{peak} (a tenth)", ratio, _steps(usual, scale)]
    )
    yield table(["way", "s", "GiB", "ratio", "of which, seconds"], rows)
    if landed := found.get("land"):
        yield f"Landing the events before it: {landed['seconds']:.0f} s, {gib(landed)} GiB.\n"


def _reasons(results: Results, active: int) -> Iterator[str]:
    found = {
        name: told
        for name, told in results.read(reasons.group_of(active)).items()
        if "rows" in told
    }
    if "Perdura" not in found:
        return
    yield "### Exact reasons alone\n"
    yield "By rows a second; equal to `pred_contrib` to 1e-5, missing values included.\n"
    ours = found["Perdura"]["rows"] / found["Perdura"]["seconds"]
    rows = []
    for name, told in found.items():
        rate = told["rows"] / told["seconds"]
        what = "booster.predict, no reasons" if name == "predict" else name
        apart = f"{told['apart']:.0e}" if "apart" in told else ""
        cells = [f"{told['rows']:,}", f"{told['seconds']:.1f}", gib(told), f"{rate:,.0f}"]
        rows.append([what, *cells, f"{ours / rate:.1f}", apart])
    yield table(["way", "rows", "s", "GiB", "rows a second", "ratio", "differs by"], rows)


def _compared(found: dict[str, Told], ours: Told) -> str:
    rows = [[name, *_cells(told, ours)] for name, told in found.items()]
    return table(["way", "s", "GiB", "ratio"], rows)


def _cells(told: Told, ours: Told) -> list[str]:
    """Seconds, memory and the ratio to Perdura."""
    if "seconds" not in told or "seconds" not in ours:
        return [told.get("failed", "not measured"), "", ""]
    ratio = told["seconds"] / ours["seconds"]
    shown = f"{ratio:.1f}" if ratio >= 1 else f"**{ratio:.2f}**"
    return [f"{told['seconds']:.1f}", gib(told), "" if told is ours else shown]


def _steps(told: Told, scale: float) -> str:
    return ", ".join(f"{name} {seconds * scale:.1f}" for name, seconds in told["steps"].items())
