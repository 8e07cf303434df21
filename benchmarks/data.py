"""Made-up events in the contract's shape, two years of them, in two orders of the same rows.

``python -m benchmarks.data FOLDER SUBSCRIBERS [--on-time]`` writes ``FOLDER/sorted`` and
``FOLDER/unordered``, each with ``subscriptions``, ``payments`` and ``tickets`` as Parquet, and
``FOLDER/spine.parquet``: who was active at each of ``benchmarks.work.DATES``.

A subscriber has 40 payment and 10 ticket events on average, heavy tailed; most become known within
hours, one in a hundred up to 45 days late. The same arguments give the same rows.
"""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from benchmarks.orders import ROW_GROUP, BothOrders
from benchmarks.people import PEOPLE, People, live, payments, subscriptions, tickets
from benchmarks.work import DATES
from perdura.sources.events import MOMENT

TABLES = ("subscriptions", "payments", "tickets")

_MOMENTS = [date.replace(tzinfo=UTC) for date in DATES]


def make(folder: Path, subscribers: int, *, late: bool = True) -> Path:
    """Write the events of so many subscribers, where they are not there yet.

    Args:
        folder: Of this size alone; it is there whole or not at all.
        subscribers: How many people there are in all, whenever they come.
        late: Without it everything is known as it happens, which is all that some peers can tell.
    """
    if folder.exists():
        return folder
    draft = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    orders = BothOrders(draft, piles=-(-subscribers // PEOPLE))
    active: list[list[pl.Series]] = []
    for first in range(0, subscribers, PEOPLE):
        people = live(first, min(PEOPLE, subscribers - first), late=late)
        happened = (subscriptions(people), payments(people), tickets(people))
        orders.add(dict(zip(TABLES, happened, strict=True)), people.rng)
        active.append([_active(people, moment) for moment in _MOMENTS])
    orders.finish(TABLES)
    _write_spine(draft / "spine.parquet", active)
    draft.rename(folder)
    return folder


def _active(people: People, moment: datetime) -> pl.Series:
    """Who had started and not ended, by what was known before ``moment``."""
    at = int(moment.timestamp()) * 1_000_000
    return people.ids.filter(pl.Series((people.start_known < at) & (people.end_known >= at)))


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
