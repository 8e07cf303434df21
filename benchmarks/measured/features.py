"""Twelve dates, sixty columns: Perdura's builder beside other tools, results compared first."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import OLDER, OURS, PEERS, Measurement, Results, run
from benchmarks.peers.comparison import differences, sums_differ
from benchmarks.sizes import Sizes
from benchmarks.workload.events import make
from benchmarks.workload.task import DATES, Order

OUR_WAY = "Perdura"


@dataclass(frozen=True, slots=True)
class Way:
    """One way of doing the work: what it is called, where it runs, which function does it."""

    name: str
    python: Path
    function: str


PERDURA = Way(OUR_WAY, OURS, "benchmarks.steps.features:features")
WAYS = (
    PERDURA,
    Way("Perdura, plain builder", OURS, "benchmarks.steps.features:features_plainly"),
    Way("Polars, one pass per date", PEERS, "benchmarks.peers.by_polars:features"),
    Way("DuckDB, one pass per date", PEERS, "benchmarks.peers.by_duckdb:features"),
    Way("DuckDB, events repeated", PEERS, "benchmarks.peers.by_duckdb:features_repeated"),
    Way("pandas", PEERS, "benchmarks.peers.by_pandas:features"),
)
#: For unordered rows these alone: pandas is slow already.
QUICK = WAYS[:-1]
#: They know one time of an event: measured on events that were known as they happened.
TEMPORIAN = Way("Temporian", OLDER, "benchmarks.peers.by_temporian:features")
FEATURETOOLS = Way("featuretools", OLDER, "benchmarks.peers.by_featuretools:features")

_TIMES = 3  # repetitions of brief runs

_COMPARED_AT, _ON_TIME_COMPARED_AT = 10_000, 1_000


def measure(results: Results, data: Path, sizes: Sizes, *, alone: bool = False) -> None:
    """Compare values at ten thousand, then time at full size, sorted and unordered.

    ``alone`` measures Perdura's own builders only."""
    for order in sizes.orders:
        ways = _chosen(WAYS if order == "sorted" else QUICK, alone=alone)
        work = _Work(data, sizes.features, order, late=True, brief=sizes.brief)
        _measure(results, work, ways)
    night = _Work(data, sizes.features, "sorted", late=True, brief=sizes.brief)
    _one_date(results, night, _chosen(WAYS, alone=alone))


def measure_on_time(results: Results, data: Path, sizes: Sizes) -> None:
    """As ``measure``, beside tools that know one time of an event, at sizes they can take."""
    for way, subscribers in ((TEMPORIAN, sizes.temporian), (FEATURETOOLS, sizes.featuretools)):
        work = _Work(data, subscribers, "sorted", late=False, brief=sizes.brief)
        _measure(results, work, (PERDURA, way))


def compared_at(subscribers: int) -> int:
    """How many subscribers' values are compared before ``subscribers`` are timed."""
    return min(_COMPARED_AT, subscribers)


def group_of(subscribers: int, order: str, *, late: bool = True) -> str:
    """The group of results of one size and order."""
    return f"features-{subscribers}-{order}{'' if late else '-on-time'}"


def _chosen(ways: Sequence[Way], *, alone: bool) -> list[Way]:
    return [way for way in ways if way.python == OURS or not alone]


@dataclass(frozen=True, slots=True)
class _Work:
    """One task: how many subscribers, in which order, with late events or without."""

    data: Path
    subscribers: int
    order: Order
    late: bool
    brief: float


def _measure(results: Results, work: _Work, ways: Sequence[Way]) -> None:
    group = group_of(work.subscribers, work.order, late=work.late)
    ours: Measurement = {}
    for way in ways:
        checked = _checked(results, work, way) if way != PERDURA else {}
        if "failed" in checked:
            continue
        result = results.measure(group, way.name, lambda w=way, c=checked: _timed(work, w, c))
        ours = ours or result
        _refuse_differences(way, result, ours)


def _timed(work: _Work, way: Way, checked: Measurement, dates: int = len(DATES)) -> Measurement:
    """The median of a few runs; ``checked`` is one of them if it had as many subscribers."""
    if way == PERDURA:
        _compiled(_folder(work.data, _ON_TIME_COMPARED_AT, late=False))
    folder = _folder(work.data, work.subscribers, late=work.late)
    words = _words(way, folder, work.order, dates)
    results = [checked if checked.get("people") == work.subscribers else run(words)]
    while len(results) < _TIMES and results[0].get("seconds", work.brief) < work.brief:
        results.append(run(words))
    return sorted(results, key=lambda result: result.get("seconds", work.brief))[len(results) // 2]


@cache
def _compiled(folder: Path) -> None:
    """The first run on a machine compiles: it is not timed."""
    run(_words(PERDURA, folder, "sorted", len(DATES)))


def _refuse_differences(way: Way, result: Measurement, ours: Measurement) -> None:
    if "failed" in result or "failed" in ours or "sums" not in result:
        return
    differing = sums_differ(ours["sums"], result["sums"])
    if result["rows"] != ours["rows"] or differing:
        raise SystemExit(f"{way.name} gave other sums than {OUR_WAY}: {differing[:5]}")


def _checked(results: Results, work: _Work, way: Way) -> Measurement:
    """Compare every value with Perdura's, at a size where that is quick."""
    compared = compared_at(work.subscribers) if work.late else _ON_TIME_COMPARED_AT
    return results.measure(
        f"equal-{work.order}{'' if work.late else '-on-time'}",
        way.name,
        lambda: (
            _compared(_folder(work.data, compared, late=work.late), way, work.order)
            | {"people": compared}
        ),
    )


def _compared(folder: Path, way: Way, order: Order) -> Measurement:
    """The result of a run after every value was compared, without its sums.

    Writing the values is outside its seconds.
    """
    ours = _right(folder, order)
    with TemporaryDirectory() as temporary:
        theirs = Path(temporary) / "theirs.parquet"
        result = run([*_words(way, folder, order, len(DATES)), theirs])
        if "failed" in result:
            return result
        if differing := differences(ours, theirs):
            raise SystemExit(f"{way.name} differs from {OUR_WAY}: {differing}")
        return {name: value for name, value in result.items() if name != "sums"}


@cache
def _right(folder: Path, order: Order) -> Path:
    """Perdura's values, built once for all comparisons of this run."""
    file = folder / f"perdura-{order}.parquet"
    result = run([*_words(PERDURA, folder, order, len(DATES)), file])
    if "failed" in result:
        raise SystemExit(f"{OUR_WAY} failed: {result['failed']}")
    return file


def _one_date(results: Results, work: _Work, ways: Sequence[Way]) -> None:
    """The features of a night: the newest date alone."""
    for way in ways:
        results.measure(
            f"one-date-{work.subscribers}",
            way.name,
            lambda way=way: _timed(work, way, checked={}, dates=1),
        )


def _folder(data: Path, subscribers: int, *, late: bool) -> Path:
    name = str(subscribers) if late else f"{subscribers}-on-time"
    return make(data / name, subscribers, late=late)


def _words(way: Way, folder: Path, order: str, dates: int) -> list[str | Path | int]:
    return [way.python, "-m", "benchmarks.peers.worker", way.function, folder, order, dates]
