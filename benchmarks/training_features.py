"""Twelve dates, sixty columns: Perdura's builder beside other tools, the results compared first."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.data import make
from benchmarks.measure import OLDER, OURS, PEERS, Results, Told, run
from benchmarks.same import differences, sums_differ
from benchmarks.sizes import Sizes
from benchmarks.work import DATES, Order

OUR_WAY = "Perdura"


@dataclass(frozen=True, slots=True)
class Way:
    """One way of doing the work: what it is called, where it runs, which function does it."""

    name: str
    python: Path
    function: str


PERDURA = Way(OUR_WAY, OURS, "benchmarks.ours:features")
WAYS = (
    PERDURA,
    Way("Perdura, plain builder", OURS, "benchmarks.ours:features_plainly"),
    Way("Polars, one pass per date", PEERS, "benchmarks.peers.by_polars:features"),
    Way("DuckDB, one pass per date", PEERS, "benchmarks.peers.by_duckdb:features"),
    Way("DuckDB, events repeated", PEERS, "benchmarks.peers.by_duckdb:features_repeated"),
    Way("pandas", PEERS, "benchmarks.peers.by_pandas:features"),
)
#: Of no order these alone: pandas takes its time already.
QUICK = WAYS[:-1]
#: They know one time of an event: measured on events that were known as they happened.
TEMPORIAN = Way("Temporian", OLDER, "benchmarks.peers.by_temporian:features")
FEATURETOOLS = Way("featuretools", OLDER, "benchmarks.peers.by_featuretools:features")

_TIMES = 3  # what is brief is done so many times

_EQUAL_AT, _ON_TIME_EQUAL_AT = 10_000, 1_000


def measure(results: Results, data: Path, sizes: Sizes) -> None:
    """Compare at ten thousand, then time at the size asked for, sorted and in no order."""
    for order in sizes.orders:
        ways = WAYS if order == "sorted" else QUICK
        work = _Work(data, sizes.features, order, late=True, brief=sizes.brief)
        _measure(results, work, ways)
    _one_date(results, _Work(data, sizes.features, "sorted", late=True, brief=sizes.brief))


def measure_on_time(results: Results, data: Path, sizes: Sizes) -> None:
    """As ``measure``, beside tools that know one time of an event, at what they can bear."""
    for way, subscribers in ((TEMPORIAN, sizes.temporian), (FEATURETOOLS, sizes.featuretools)):
        work = _Work(data, subscribers, "sorted", late=False, brief=sizes.brief)
        _measure(results, work, (PERDURA, way))


def group_of(subscribers: int, order: str, *, late: bool = True) -> str:
    """Under which name the results of one size and order are kept."""
    return f"features-{subscribers}-{order}{'' if late else '-on-time'}"


@dataclass(frozen=True, slots=True)
class _Work:
    """What all ways do: the events of how many, in which order, known late or not."""

    data: Path
    subscribers: int
    order: Order
    late: bool
    brief: float


def _measure(results: Results, work: _Work, ways: Sequence[Way]) -> None:
    group = group_of(work.subscribers, work.order, late=work.late)
    ours: Told = {}
    for way in ways:
        checked = _checked(results, work, way) if way != PERDURA else {}
        if "failed" in checked:
            continue
        told = results.measure(group, way.name, lambda w=way, c=checked: _timed(work, w, c))
        ours = ours or told
        _say_if_different(way, told, ours)


def _timed(work: _Work, way: Way, checked: Told, dates: int = len(DATES)) -> Told:
    """The median of a few; ``checked`` is one of them if it was of as many subscribers."""
    if way == PERDURA:
        _compiled(_folder(work.data, _ON_TIME_EQUAL_AT, late=False))
    folder = _folder(work.data, work.subscribers, late=work.late)
    words = _words(way, folder, work.order, dates)
    told = [checked if checked.get("people") == work.subscribers else run(words)]
    while len(told) < _TIMES and told[0].get("seconds", work.brief) < work.brief:
        told.append(run(words))
    return sorted(told, key=lambda one: one.get("seconds", work.brief))[len(told) // 2]


@cache
def _compiled(folder: Path) -> None:
    """The first run on a machine compiles: it is not timed."""
    run(_words(PERDURA, folder, "sorted", len(DATES)))


def _say_if_different(way: Way, told: Told, ours: Told) -> None:
    if "failed" in told or "failed" in ours or "sums" not in told:
        return
    differing = sums_differ(ours["sums"], told["sums"])
    if told["rows"] != ours["rows"] or differing:
        raise SystemExit(f"{way.name} gave other sums than {OUR_WAY}: {differing[:5]}")


def _checked(results: Results, work: _Work, way: Way) -> Told:
    """Every value of ten thousand subscribers beside Perdura's."""
    people = _EQUAL_AT if work.late else _ON_TIME_EQUAL_AT
    return results.measure(
        f"equal-{work.order}{'' if work.late else '-on-time'}",
        way.name,
        lambda: (
            _compared(_folder(work.data, people, late=work.late), way, work.order)
            | {"people": people}
        ),
    )


def _compared(folder: Path, way: Way, order: Order) -> Told:
    """What the run told whose every value was compared, which needs no sums any more.

    Writing the values is not in its seconds.
    """
    ours = _right(folder, order)
    with TemporaryDirectory() as temporary:
        theirs = Path(temporary) / "theirs.parquet"
        told = run([*_words(way, folder, order, len(DATES)), theirs])
        if "failed" in told:
            return told
        if differing := differences(ours, theirs):
            raise SystemExit(f"{way.name} differs from {OUR_WAY}: {differing}")
        return {name: value for name, value in told.items() if name != "sums"}


@cache
def _right(folder: Path, order: Order) -> Path:
    """Perdura's values, once for all that are held beside them in this run."""
    file = folder / f"perdura-{order}.parquet"
    told = run([*_words(PERDURA, folder, order, len(DATES)), file])
    if "failed" in told:
        raise SystemExit(f"{OUR_WAY} failed: {told['failed']}")
    return file


def _one_date(results: Results, work: _Work) -> None:
    """The features of a night: the newest date alone."""
    for way in WAYS:
        results.measure(
            f"one-date-{work.subscribers}",
            way.name,
            lambda way=way: _timed(work, way, checked={}, dates=1),
        )


def _folder(data: Path, subscribers: int, *, late: bool) -> Path:
    name = str(subscribers) if late else f"{subscribers}-on-time"
    return make(data / name, subscribers, late=late)


def _words(way: Way, folder: Path, order: str, dates: int) -> list[str | Path | int]:
    return [way.python, "-m", "benchmarks.worker", way.function, folder, order, dates]
