"""The tables of ``RESULTS.md`` on Perdura alone."""

from collections.abc import Iterator

from benchmarks.measure import Measurement, Results
from benchmarks.measured import cluster, growth, startup, stripe, training
from benchmarks.report.chart import sizes_of
from benchmarks.report.markdown import gib, table
from benchmarks.sizes import Sizes
from benchmarks.steps.stripe import OURS, READ, STEPS

# What a business runs at every size: the simulation is the benchmark's own, and training stops at a
# million.
_FLOWS = ("extract", "night")


def alone(results: Results, sizes: Sizes) -> Iterator[str]:
    """Headings, words and tables of what has been measured: training, growth, start-up, an account
    of Stripe, workers.
    """
    yield from _training(results, sizes.training)
    yield from _growth(results)
    yield from _startup(results, sizes.table)
    yield from _stripe(results, sizes.stripe)
    yield from _cluster(results, sizes.cluster)


def _training(results: Results, subscribers: int) -> Iterator[str]:
    found = results.read(training.group_of(subscribers))
    rows = [
        [
            name,
            f"{result['sizes']['fit_rows']:,}",
            f"{result['features']:.1f}",
            f"{result['seconds']:.1f}",
            gib(result),
            str(result["trees"]),
            *(f"{result[measure]:.4f}" for measure in ("roc_auc", "log_loss", "calibration_error")),
        ]
        for name, result in found.items()
        if "seconds" in result
    ]
    if rows:
        yield f"### Training on {subscribers:,} subscribers at twelve dates, 60 columns\n"
        yield (
            "Features and labels, then everything after them: split, trees with early stopping, "
            "calibration, evaluation beside the baselines. Sampled: all churners, a share of the "
            "non-churners.\n"
        )
        names = ["rows", "fitted rows", "features, s", "training, s", "GiB", "trees"]
        yield table([*names, "ROC AUC", "log loss", "calibration error"], rows)


def _growth(results: Results) -> Iterator[str]:
    found = results.read(growth.GROUP)
    sizes = sizes_of(found)
    if not sizes:
        return
    yield "### Growth: the simulated company, twelve months\n"
    rows = []
    for size in sizes:
        result = [found.get(growth.name_of(size, step)) for step in growth.STEP_NAMES]
        cells = [f"{one['seconds']:.1f} s, {gib(one)}" if one else "-" for one in result]
        worked = sum(found[growth.name_of(size, step)]["seconds"] for step in _FLOWS) / size
        rows.append([f"{size:,}", *cells, f"{worked * 1e6:,.0f}"])
    names = [f"{step}: s, GiB" for step in growth.STEP_NAMES]
    yield table(["subscribers", *names, f"microseconds a subscriber, {' and '.join(_FLOWS)}"], rows)
    yield (
        "Training stops at a million subscribers; ten million are scored by the champion of the "
        "million.\n"
    )
    if 100_000 in sizes and sizes[-1] > 100_000:
        grown = {steps: _grown(found, sizes[-1], steps) for steps in (_FLOWS, *zip(_FLOWS))}
        each = ", ".join(f"{' and '.join(steps)} {times:.2f}" for steps, times in grown.items())
        yield f"Time per subscriber at {sizes[-1]:,} over that at 100,000: {each}.\n"


def _grown(found: dict[str, Measurement], size: int, steps: tuple[str, ...]) -> float:
    """How many times as long each subscriber takes at this size as at 100,000."""
    result = [
        sum(found[growth.name_of(count, step)]["seconds"] for step in steps) / count
        for count in (size, 100_000)
    ]
    return result[0] / result[1]


def _startup(results: Results, rows: int) -> Iterator[str]:
    found = results.read(startup.group_of(rows))
    result = [
        [name, f"{found[name]['seconds']:.2f}", f"{found[name]['slowest']:.2f}"]
        for name in ("perdura --help", "perdura risk")
        if name in found
    ]
    if result:
        yield f"### Start-up, with a table of {rows:,} rows x {startup.NIGHTS} nights\n"
        yield table(["command", f"s (median of {startup.RUNS})", "slowest"], result)
        nights = found["table"]
        yield (
            f"Publishing one such night: {nights['seconds']:.1f} s on average, the first "
            f"{nights['first']:.1f} s and the last {nights['last']:.1f} s.\n"
        )


def _stripe(results: Results, customers: int) -> Iterator[str]:
    found = results.read(stripe.group_of(customers))
    done = {name: found[name] for name in STEPS if "seconds" in found.get(name, {})}
    if OURS not in done or READ not in done:
        return
    ours = done[OURS]
    yield f"### An account of Stripe, {customers:,} customers as JSON lines\n"
    yield (
        f"{ours['bytes'] / 2**30:.2f} GiB, {done[READ]['objects']:,} objects. Perdura lands "
        f"{ours['events']:,} events, checked, counted and compared; Polars' `scan_ndjson` reads "
        "the fields that these need, and makes nothing of them. A ratio is another's seconds over "
        "Perdura's.\n"
    )
    rows = [
        [
            name,
            f"{one['seconds']:.1f}",
            f"{one['seconds'] / ours['seconds']:.2f}",
            f"{one['processor']:.1f}",
            f"{one['processor'] / ours['processor']:.2f}",
            f"{one['peak'] / 2**30:.2f}",
        ]
        for name, one in done.items()
    ]
    yield table(["", "s", "ratio", "s of a core", "ratio", "GiB"], rows)


def _cluster(results: Results, subscribers: int) -> Iterator[str]:
    result = results.read(cluster.GROUP).get(str(subscribers), {})
    if "seconds" not in result:
        return
    yield f"### Workers of one core each, {result['rows']:,} active subscribers\n"
    yield (
        f"Features, risks and reasons in {result['parts']} parts on Dask's workers, warm, one and "
        f"{cluster.WORKERS} in turn. Publishing is not split, and not in here.\n"
    )
    rows = [
        ["1", f"{result['alone']:.2f}", ""],
        [str(cluster.WORKERS), f"{result['seconds']:.2f}", f"{result['gain']:.2f}"],
    ]
    yield table(["workers", f"s (median of {len(result['rounds'])})", "times as fast"], rows)
