"""Ids of subscribers as numbers, by their hashes."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.features.engine.assignment import assign_ids, look_up

# Ids that are hashed at a time: their hashes are still in the cache when numbers are assigned.
_AT_ONCE = 2**17


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


def assigned_numbers(
    ids: pl.Series, date: np.ndarray, merged: int
) -> tuple[np.ndarray, int, Register]:
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
