"""Simulate a company: its events, a mapping file to read them by, and apart from both the truth."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from perdura.progress import OnProgress
from perdura.sources.simulator.chunk import Order, write_chunk
from perdura.sources.simulator.mapping_file import TABLES, mapping_text
from perdura.sources.simulator.vectors import Month

_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Company:
    """What was made.

    Attributes:
        until: The first moment not simulated; nothing was known later than that.
        rows: Rows of each table, and of ``truth``.
        dirt: How many of each table's rows are to be rejected: second copies, impossible times.
    """

    until: datetime
    rows: Mapping[str, int]
    dirt: Mapping[str, int]


def simulate(
    out: Path,
    *,
    subscribers: int,
    months: int,
    seed: int = 0,
    until: date = date(2026, 11, 1),
    progress: OnProgress | None = None,
) -> Company:
    """Write ``subscribers`` people's life over the ``months`` before ``until`` into ``out``.

    The same arguments give the same bytes, on any number of processors. A folder per event
    table holds Parquet parts in the contract's columns; ``mapping.toml`` says so to
    ``perdura extract``; ``truth/truth.parquet`` has one row per subscriber active or past due
    at the start of a month: ``subscriber_id``, ``as_of``, ``risk`` (the probability of leaving
    in ``[as_of, as_of + 30 days)`` for longer than 30 days), ``risk_voluntary``,
    ``risk_payment``, ``cause_signal``, the signal that adds most to it, if any stands out, and
    ``expansion`` (the probability of choosing a larger plan in ``[as_of, as_of + 60 days)``; null
    in every second month of each person, when it hangs on what is still to come).

    Args:
        out: The company's folder; parts of an earlier company in it are replaced.
        subscribers: How many people there are in all, whenever they come.
        months: How many calendar months to simulate.
        seed: Another seed is another company.
        until: The first day not simulated, the first of a month (UTC).
        progress: Called with chunks done, chunks in all, and what is being done.

    Raises:
        ValueError: No subscribers or months, a seed below 0, or ``until`` is not the first of
            a month. Nothing has been written.
    """
    end = Month((until.year - 1970) * 12 + until.month - 1)
    order = Order(subscribers, Month(end.count - months), months, seed)
    if until.day != 1:
        raise ValueError(
            f"asked to simulate until {until}; whole months are simulated: give the first of one"
        )
    names = [*(table.name for table in TABLES), "truth"]
    for name in names:
        for part in (out / name).glob("part-*"):
            part.unlink()
    counts: dict[int, dict[str, tuple[int, int]]] = {}
    for chunk, counted in _write_chunks(order, out):
        counts[chunk] = counted
        if progress:
            progress(len(counts), order.chunks, "simulating")
    _join_truth(out / "truth")
    (out / "mapping.toml").write_text(mapping_text(), "utf-8")
    rows, dirt = (
        {name: sum(counted[name][index] for counted in counts.values()) for name in names}
        for index in (0, 1)
    )
    return Company(datetime(until.year, until.month, 1, tzinfo=UTC), rows, dirt)


def _write_chunks(order: Order, out: Path) -> Iterator[tuple[int, dict[str, tuple[int, int]]]]:
    """Each chunk and its counts as it is finished; several at a time where there are several."""
    if order.chunks == 1:
        yield 0, write_chunk(order, 0, out)
        return
    # Spawned, not forked: a fork copies the locks of Polars' threads as they stand.
    with ProcessPoolExecutor(_PROCESSES, get_context("spawn")) as pool:
        futures = {pool.submit(write_chunk, order, c, out): c for c in range(order.chunks)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _join_truth(folder: Path) -> None:
    parts = sorted(folder.glob("part-*.parquet"))
    draft = folder / "truth.draft"
    pl.scan_parquet(parts).sink_parquet(draft, compression_level=1, row_group_size=262_144)
    draft.replace(folder / "truth.parquet")
    for part in parts:
        part.unlink()
