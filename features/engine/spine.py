"""The spine as numbers for the compiled loops: subscribers, dates, and merged accounts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from perdura.features.engine.assignment import (
    MOST_DATES,
    Runs,
    assign_ids,
    by_person,
    look_up,
    redirect_merged,
)
from perdura.sources.events import MERGES, MOMENT
from perdura.sources.merges import Events, owners

# Ids that are hashed at a time: their hashes are still in the cache when numbers are assigned.
_AT_ONCE = 2**17


class RepeatedPair(ValueError):
    """The spine has a subscriber twice at one moment."""


@dataclass(frozen=True, slots=True)
class Hashed:
    """Ids by two independent hashes: bits enough that no two ids of a business share them."""

    first: np.ndarray
    second: np.ndarray

    @staticmethod
    def columns(column: str = "subscriber_id") -> list[pl.Expr]:
        """The two hashes of a column, as ``first`` and ``second``."""
        return [pl.col(column).hash(seed).alias(name) for seed, name in enumerate(_HASHES, 1)]

    @classmethod
    def from_columns(cls, frame: pl.DataFrame) -> "Hashed":
        """The hashes that a frame holds in its columns ``first`` and ``second``."""
        return cls(fixed(frame["first"]), fixed(frame["second"]))

    @classmethod
    def from_ids(cls, ids: pl.Series) -> "Hashed":
        """The hashes of ``ids``."""
        return cls.from_columns(ids.to_frame("subscriber_id").select(cls.columns()))


_HASHES = ("first", "second")


def fixed(column: pl.Series) -> np.ndarray:
    """Its values, read-only whether they are Polars' own or a copy: loops are compiled for one."""
    values = column.to_numpy()
    values.flags.writeable = False
    return values


@dataclass(frozen=True, slots=True)
class Register:
    """What each id leads to: a person's number, or ``-2 - n``: the n-th merged account."""

    slots: np.ndarray

    @classmethod
    def for_at_most(cls, ids: int) -> "Register":
        """An empty register, a quarter full with this many ids: few collide."""
        return cls(np.full((1 << max(4, (4 * ids - 1).bit_length()), 2), 2**32 - 1, np.uint64))

    def numbers(self, ids: Hashed) -> np.ndarray:
        """What each id leads to; -1 if it is unknown."""
        found = np.empty(len(ids.first), np.int32)
        look_up(ids.first, ids.second, self.slots, found)
        return found


@dataclass(frozen=True, slots=True)
class Spine:
    """Rows of a spine, of at most ``MOST_DATES`` dates.

    Attributes:
        dates: All dates, earliest first, as microseconds.
        date: By row, which of them.
        people: How many subscribers there are; each has a number.
        starts: By person, where their rows begin in ``rows``.
        rows: The rows, each person's together.
        register: Finds them, and the accounts that were merged with theirs.
        runs: The owners of the merged accounts.
        merged: Numbers of the subscribers that any merge concerns.
    """

    dates: np.ndarray
    date: np.ndarray
    people: int
    starts: np.ndarray
    rows: np.ndarray
    register: Register
    runs: Runs
    merged: np.ndarray

    @property
    def moments(self) -> list[datetime]:
        """The dates."""
        return pl.Series(self.dates).cast(MOMENT).to_list()


def numbered(pairs: pl.DataFrame, events: Events) -> Spine:
    """The spine of these pairs (``subscriber_id``, ``as_of``), merges as they were known.

    Raises:
        RepeatedPair: A pair is there twice.
    """
    when = pairs["as_of"].cast(MOMENT)
    dates = when.unique().sort()
    date = when.to_physical().replace_strict(
        dates.to_physical(), range(len(dates)), return_dtype=pl.UInt8
    )
    ids = pairs["subscriber_id"]
    links = _links(events, dates.to_list())
    person, people, register = _enrolled(ids, date.to_numpy(), links["subscriber_id"].n_unique())
    starts, rows, twin = by_person(person, people, date.to_numpy())
    if twin >= 0:
        raise RepeatedPair(
            f"the spine has {pairs.is_duplicated().sum()} rows that repeat a (subscriber_id, "
            f"as_of), e.g. {pairs.row(twin)}; give each pair once"
        )
    runs, merged = _runs(links, register, len(dates))
    return Spine(
        dates=dates.to_physical().to_numpy(),
        date=date.to_numpy(),
        people=people,
        starts=starts,
        rows=rows,
        register=register,
        runs=runs,
        merged=merged,
    )


def _enrolled(ids: pl.Series, date: np.ndarray, merged: int) -> tuple[np.ndarray, int, Register]:
    """By row of the spine the number of its person, how many there are, and where they are found.

    There is room for twice as many as at the busiest date; more, where more came and went.
    """
    person, most = np.empty(len(date), np.int32), int(np.bincount(date).max(initial=1)) + merged
    while True:
        register, people = Register.for_at_most(most), 0
        for start in range(0, len(ids), _AT_ONCE):
            some, theirs = ids.slice(start, _AT_ONCE), person[start : start + _AT_ONCE]
            hashed = Hashed.from_ids(some)
            people = assign_ids(hashed.first, hashed.second, register.slots, people, theirs)
            if people < 0:
                break
        else:
            return person, people, register
        most *= 2


def blocks(pairs: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, np.ndarray]]:
    """The pairs of some dates after the others, each with the places of its rows."""
    dates = pairs["as_of"].unique().sort()
    for start in range(0, len(dates), MOST_DATES):
        if len(dates) <= MOST_DATES:
            yield pairs, np.arange(pairs.height)
            return
        chosen = pairs["as_of"].is_in(dates[start : start + MOST_DATES].implode())
        yield pairs.filter(chosen), chosen.arg_true().to_numpy().astype(np.int64)


def _links(events: Events, dates: list[datetime]) -> pl.DataFrame:
    """Who each merged account lived on as: one row per account and date of a link."""
    merges = events[MERGES.name].collect().lazy()
    linked = [
        owners(merges, as_of).with_columns(date=pl.lit(number, pl.UInt8))
        for number, as_of in enumerate(dates)
    ]
    empty = pl.DataFrame(schema={"subscriber_id": pl.String, "owner": pl.String, "date": pl.UInt8})
    return pl.concat([empty, *linked])


def _runs(links: pl.DataFrame, register: Register, dates: int) -> tuple[Runs, np.ndarray]:
    """The runs of all merged accounts (the register then leads to them), and their owners."""
    accounts = links.select(pl.col("subscriber_id").unique().sort()).with_row_index("account")
    by_date = accounts.join(
        pl.DataFrame({"date": pl.int_range(dates, dtype=pl.UInt8, eager=True)}), how="cross"
    ).join(links, on=["subscriber_id", "date"], how="left", maintain_order="left")
    runs = (
        by_date.with_columns(pl.coalesce("owner", "subscriber_id").alias("owner"))
        .with_columns(run=pl.struct("account", "owner").rle_id())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("account", "owner").first(),
            since=pl.col("date").first().cast(pl.Int64),
            until=pl.col("date").last().cast(pl.Int64) + 1,
        )
    )
    owner = register.numbers(Hashed.from_ids(runs["owner"]))
    runs = runs.with_columns(number=pl.Series(owner, dtype=pl.Int64)).filter(pl.col("number") >= 0)
    ids = Hashed.from_ids(accounts["subscriber_id"])
    redirect_merged(
        ids.first,
        ids.second,
        register.slots,
        (-2 - accounts["account"].cast(pl.Int32)).to_numpy(),
    )
    return Runs(
        np.searchsorted(runs["account"].to_numpy(), np.arange(accounts.height + 1)),
        runs["number"].to_numpy(),
        runs["since"].to_numpy(),
        runs["until"].to_numpy(),
    ), runs["number"].unique().sort().to_numpy()
