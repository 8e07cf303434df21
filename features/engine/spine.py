"""The spine as numbers for the compiled loops: subscribers, dates, and merged accounts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from perdura.features.engine.assignment import MOST_DATES, Runs, by_person
from perdura.features.engine.merged_accounts import owner_links, owner_runs
from perdura.features.engine.register import Hashed, Register, assigned_numbers
from perdura.sources.events import MOMENT
from perdura.sources.merges import Events


class RepeatedPair(ValueError):
    """The spine has a subscriber twice at one moment."""


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

    def numbers_of(self, ids: pl.Series) -> np.ndarray:
        """The numbers of those of ``ids`` that are subscribers of the spine."""
        numbers = self.register.numbers(Hashed.from_ids(ids))
        return numbers[numbers >= 0]


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
    links = owner_links(events, dates.to_list())
    accounts = links["subscriber_id"].n_unique()
    person, people, register = assigned_numbers(pairs["subscriber_id"], date.to_numpy(), accounts)
    starts, rows, twin = by_person(person, people, date.to_numpy())
    if twin >= 0:
        raise RepeatedPair(
            f"the spine has {pairs.is_duplicated().sum()} rows that repeat a (subscriber_id, "
            f"as_of), e.g. {pairs.row(twin)}; give each pair once"
        )
    runs, merged = owner_runs(links, register, len(dates))
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


def blocks(pairs: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, np.ndarray]]:
    """The pairs of some dates after the others, each with the places of its rows."""
    dates = pairs["as_of"].unique().sort()
    for start in range(0, len(dates), MOST_DATES):
        if len(dates) <= MOST_DATES:
            yield pairs, np.arange(pairs.height)
            return
        chosen = pairs["as_of"].is_in(dates[start : start + MOST_DATES].implode())
        yield pairs.filter(chosen), chosen.arg_true().to_numpy().astype(np.int64)
