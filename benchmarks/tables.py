"""Write ``benchmarks/RESULTS.md`` from what has been measured: ``python -m benchmarks.tables``."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks import cluster, growth, nights, reasons, startup, training
from benchmarks.chart import sizes_of
from benchmarks.measure import RESULTS, Results, Told
from benchmarks.sizes import SIZES
from benchmarks.training_features import FEATURETOOLS, OUR_WAY, TEMPORIAN, WAYS, group_of
from benchmarks.work import Order

PAGE = Path(__file__).parent / "RESULTS.md"

# What a business runs at every size: the simulation is the benchmark's own, and what is learnt from
# does not grow beyond a million.
_FLOWS = ("extract", "night")

_HEAD = """# What was measured

Written by `make bench` and `make bench-full` from `benchmarks/results/`. Everything was run on one
machine, each step in a process of its own, both cores free; memory is the most that the step's
processes held together. Reading the input is inside the seconds, starting Python and importing are
not. A ratio is the other tool's seconds over Perdura's: above 1, Perdura is faster; **below 1, the
other tool wins**. Where a host takes idle memory back from a virtual machine, as here, touching a
GiB for the first time costs up to two and a half seconds. Before features are timed, whoever makes
them, another process has therefore touched as much as they will hold; elsewhere it is inside.
Features that take under 20 seconds are made three times, and the median is told.
"""


def write_results() -> None:
    """Write the page: first the full sizes, then the small, whichever there are."""
    parts = [_HEAD]
    for size in ("full", "small"):
        if (RESULTS / size).exists():
            parts += _size(Results(RESULTS / size), size)
    PAGE.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")


def _size(results: Results, size: str) -> Iterator[str]:
    sizes = SIZES[size]
    yield f"## {'All sizes' if size == 'full' else 'Small sizes'}\n"
    yield from _machine(results)
    yield from _features(results, sizes.features, sizes.orders)
    yield from _one_date(results, sizes.features)
    for way, people in ((TEMPORIAN.name, sizes.temporian), (FEATURETOOLS.name, sizes.featuretools)):
        yield from _on_time(results, way, people)
    yield from _night(results, sizes.active)
    yield from _reasons(results, sizes.active)
    yield from _training(results, sizes.training)
    yield from _growth(results)
    yield from _startup(results, sizes.table)
    yield from _cluster(results, sizes.cluster)


def _machine(results: Results) -> Iterator[str]:
    for told in results.read("machine").values():
        yield (
            f"{told['processor']}, {told['cores']} cores, {told['memory'] / 2**30:.0f} GiB; "
            f"{told['system']}; commit {told['commit']}; {told['measured']} UTC.\n"
        )
        for who in ("Perdura", "peers", "peers in older company"):
            yield f"- {who}: {', '.join(f'{name} {v}' for name, v in told[who].items())}"
        yield ""


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
    yield _table(["way", *heads], rows)


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
    told = usual | {"seconds": usual["seconds"] * scale}
    seconds, peak, ratio = _cells(told, ours)
    rows.append(
        ["usual stack, extrapolated", seconds, f"{peak} (a tenth)", ratio, _steps(usual, scale)]
    )
    yield _table(["way", "s", "GiB", "ratio", "of which, seconds"], rows)
    if landed := found.get("land"):
        yield f"Landing the events before it: {landed['seconds']:.0f} s, {_gib(landed)} GiB.\n"


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
        cells = [f"{told['rows']:,}", f"{told['seconds']:.1f}", _gib(told), f"{rate:,.0f}"]
        rows.append([what, *cells, f"{ours / rate:.1f}", apart])
    yield _table(["way", "rows", "s", "GiB", "rows a second", "ratio", "differs by"], rows)


def _training(results: Results, subscribers: int) -> Iterator[str]:
    found = results.read(training.group_of(subscribers))
    rows = [
        [
            name,
            f"{told['sizes']['fit_rows']:,}",
            f"{told['features']:.1f}",
            f"{told['seconds']:.1f}",
            _gib(told),
            str(told["trees"]),
            *(f"{told[measure]:.4f}" for measure in ("roc_auc", "log_loss", "calibration_error")),
        ]
        for name, told in found.items()
        if "seconds" in told
    ]
    if rows:
        yield f"### Training on {subscribers:,} subscribers at twelve dates, 60 columns\n"
        yield (
            "Features and labels, then everything after them: split, trees with early stopping, "
            "calibration, judging beside the baselines. Sampled: all leavers, a share of the "
            "stayers.\n"
        )
        names = ["rows", "fitted rows", "features, s", "training, s", "GiB", "trees"]
        yield _table([*names, "ROC AUC", "log loss", "calibration error"], rows)


def _growth(results: Results) -> Iterator[str]:
    found = results.read(growth.GROUP)
    sizes = sizes_of(found)
    if not sizes:
        return
    yield "### Growth: the simulated company, twelve months\n"
    rows = []
    for size in sizes:
        told = [found.get(growth.name_of(size, step)) for step in growth.STEP_NAMES]
        cells = [f"{one['seconds']:.1f} s, {_gib(one)}" if one else "-" for one in told]
        worked = sum(found[growth.name_of(size, step)]["seconds"] for step in _FLOWS) / size
        rows.append([f"{size:,}", *cells, f"{worked * 1e6:,.0f}"])
    names = [f"{step}: s, GiB" for step in growth.STEP_NAMES]
    yield _table(
        ["subscribers", *names, f"microseconds a subscriber, {' and '.join(_FLOWS)}"], rows
    )
    yield (
        "What is learnt from does not grow beyond a million subscribers; ten million are scored by "
        "the champion of the million.\n"
    )
    if 100_000 in sizes and sizes[-1] > 100_000:
        grown = {steps: _grown(found, sizes[-1], steps) for steps in (_FLOWS, *zip(_FLOWS))}
        each = ", ".join(f"{' and '.join(steps)} {times:.2f}" for steps, times in grown.items())
        yield f"Time per subscriber at {sizes[-1]:,} over that at 100,000: {each}.\n"


def _grown(found: dict[str, Told], size: int, steps: tuple[str, ...]) -> float:
    """How many times as long each subscriber takes at this size as at 100,000."""
    told = [
        sum(found[growth.name_of(count, step)]["seconds"] for step in steps) / count
        for count in (size, 100_000)
    ]
    return told[0] / told[1]


def _startup(results: Results, rows: int) -> Iterator[str]:
    found = results.read(startup.group_of(rows))
    told = [
        [name, f"{found[name]['seconds']:.2f}", f"{found[name]['slowest']:.2f}"]
        for name in ("perdura --help", "perdura risk")
        if name in found
    ]
    if told:
        yield f"### Start-up, with a table of {rows:,} rows x {startup.NIGHTS} nights\n"
        yield _table(["command", "s (median of 7)", "slowest"], told)
        table = found["table"]
        yield (
            f"Publishing one such night: {table['seconds']:.1f} s on average, the first "
            f"{table['first']:.1f} s and the last {table['last']:.1f} s.\n"
        )


def _cluster(results: Results, subscribers: int) -> Iterator[str]:
    told = results.read(cluster.GROUP).get(str(subscribers), {})
    if "seconds" not in told:
        return
    yield f"### Workers of one core each, {told['rows']:,} active subscribers\n"
    yield (
        f"Features, risks and reasons in {told['parts']} parts on Dask's workers, warm, one and "
        f"{cluster.WORKERS} in turn. Publishing is not split, and not in here.\n"
    )
    rows = [
        ["1", f"{told['alone']:.2f}", ""],
        [str(cluster.WORKERS), f"{told['seconds']:.2f}", f"{told['gain']:.2f}"],
    ]
    yield _table(["workers", "s (median of 7)", "times as fast"], rows)


def _compared(found: dict[str, Told], ours: Told) -> str:
    rows = [[name, *_cells(told, ours)] for name, told in found.items()]
    return _table(["way", "s", "GiB", "ratio"], rows)


def _cells(told: Told, ours: Told) -> list[str]:
    """Seconds, memory and the ratio to Perdura."""
    if "seconds" not in told or "seconds" not in ours:
        return [told.get("failed", "not measured"), "", ""]
    ratio = told["seconds"] / ours["seconds"]
    shown = f"{ratio:.1f}" if ratio >= 1 else f"**{ratio:.2f}**"
    return [f"{told['seconds']:.1f}", _gib(told), "" if told is ours else shown]


def _gib(told: Told) -> str:
    return f"{told['peak'] / 2**30:.1f}"


def _steps(told: Told, scale: float) -> str:
    return ", ".join(f"{name} {seconds * scale:.1f}" for name, seconds in told["steps"].items())


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    write_results()
