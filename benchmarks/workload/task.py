"""The task given to every tool: files, dates, windows and columns. Standard library alone.

Peers run in an environment of their own, without Perdura, and share no more with it than this.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

WINDOWS = (7, 30, 90, 180, 365)

#: Twelve month starts, 00:00 UTC, oldest first. The last is the night.
DATES = tuple(datetime(2025 + month // 12, month % 12 + 1, 1) for month in range(1, 13))  # noqa: DTZ001 - UTC throughout

#: In which order the rows of the input lie.
Order = Literal["sorted", "unordered"]

_WINDOWED = (
    "payments",
    "paid_sum",
    "failed",
    "failed_share",
    "refunded_sum",
    "tickets",
    "urgent",
    "reply_hours",
    "score",
)
#: What has a trend (its last 30 days against its last 90) and a total over the whole life.
SUMMED = ("payments", "paid_sum", "failed", "refunded_sum", "tickets")

#: Days of a window that holds a subscriber's whole life.
LIFE = 3650

COLUMNS = (
    *(f"{name}_{days}d" for name in _WINDOWED for days in WINDOWS),
    *("since_paid", "since_failed", "since_ticket"),
    "tickets_open",
    *(f"{name}_trend" for name in SUMMED),
    *(f"{name}_{LIFE}d" for name in SUMMED),
    "tenure",
)

#: Zero where no row counts; the others are unknown there.
ZERO = tuple(
    name
    for name in COLUMNS
    if name.startswith(("payments_", "paid_sum", "failed_", "refunded", "tickets", "urgent"))
    and not name.endswith("_trend")
    and not name.startswith("failed_share")
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of one size in one order, and the dates of the spine.

    Attributes:
        folder: Of one size, as ``benchmarks.workload.events`` writes it.
        order: How the events' rows lie.
        dates: How many of ``DATES``, counted from the last.
    """

    folder: Path
    order: Order
    dates: int

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The dates of the spine, oldest first, without a time zone; UTC is meant."""
        return DATES[-self.dates :]

    @property
    def spine(self) -> Path:
        """Subscribers and dates: ``subscriber_id``, ``as_of``, sorted by date and subscriber."""
        return self.folder / "spine.parquet"

    @property
    def files(self) -> list[Path]:
        """The files of all tables, in this order."""
        return sorted((self.folder / self.order).iterdir())

    def table(self, name: str) -> Path:
        """The events of one table."""
        return self.folder / self.order / f"{name}.parquet"


def days_before(moment: datetime, days: int) -> datetime:
    """The start of a window of ``days`` days that ends at ``moment``."""
    return moment - timedelta(days=days)
