"""Made-up events in the contract's shape, two years of them, in two orders of the same rows.

``python -m benchmarks.workload.events FOLDER SUBSCRIBERS [--on-time]`` writes ``FOLDER/sorted`` and
``FOLDER/unordered``, each with ``subscriptions``, ``payments`` and ``tickets`` as Parquet, and
``FOLDER/spine.parquet``: the subscribers active at each of ``benchmarks.workload.task.DATES``.

A subscriber has 40 payment and 10 ticket events on average, heavy tailed; most become known within
hours, one in a hundred up to 45 days late. The same arguments give the same rows.
"""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from benchmarks.workload.orders import ROW_GROUP, BothOrders
from benchmarks.workload.subscribers import (
    BATCH,
    Subscribers,
    live,
    payments,
    subscriptions,
    tickets,
)
from benchmarks.workload.task import DATES
from perdura.sources.events import MOMENT

TABLES = ("subscriptions", "payments", "tickets")

_MOMENTS = [date.replace(tzinfo=UTC) for date in DATES]


def make(folder: Path, subscribers: int, *, late: bool = True) -> Path:
    """Write the events of ``subscribers`` subscribers, unless they are there already.

    Args:
        folder: Folder of this size alone; it appears whole or not at all.
        subscribers: Subscribers in all, whenever they start.
        late: Without it every event is known as it happens: some peers know no other time.
    """
    if folder.exists():
        return folder
    draft = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    orders = BothOrders(draft, piles=-(-subscribers // BATCH))
    active: list[list[pl.Series]] = []
    for first in range(0, subscribers, BATCH):
        batch = live(first, min(BATCH, subscribers - first), late=late)
        happened = (subscriptions(batch), payments(batch), tickets(batch))
        orders.add(dict(zip(TABLES, happened, strict=True)), batch.rng)
        active.append([_active(batch, moment) for moment in _MOMENTS])
    orders.finish(TABLES)
    _write_spine(draft / "spine.parquet", active)
    draft.rename(folder)
    return folder


def _active(batch: Subscribers, moment: datetime) -> pl.Series:
    """Ids that had started and not ended, by what was known before ``moment``."""
    instant = int(moment.timestamp()) * 1_000_000
    return batch.ids.filter(pl.Series((batch.start_known < instant) & (batch.end_known >= instant)))


def _write_spine(path: Path, active: list[list[pl.Series]]) -> None:
    blocks = [
        pl.DataFrame({"subscriber_id": pl.concat(chunks)}).with_columns(
            pl.lit(moment).cast(MOMENT).alias("as_of")
        )
        for moment, chunks in zip(_MOMENTS, zip(*active, strict=True), strict=True)
    ]
    pl.concat(blocks).write_parquet(path, compression_level=1, row_group_size=ROW_GROUP)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]), late="--on-time" not in sys.argv)
