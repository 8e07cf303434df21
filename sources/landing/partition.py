"""Who belongs together when the work is split: a bucket for each id, the same for ever."""

from dataclasses import dataclass

import numpy as np
import polars as pl

#: How many buckets ids fall into: the most parts that any work can be split into.
BUCKETS = 256
#: The column of landed files that holds them. It is no part of any event's contract.
BUCKET = "bucket"


@dataclass(frozen=True, slots=True)
class Part:
    """One of several parts of all people: those in ``[first, end)`` of the buckets.

    The parts ``0`` to ``count - 1`` together have every bucket exactly once, as evenly as can be.

    Attributes:
        number: Which part, from 0.
        count: How many there are.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.count:
            raise ValueError(f"asked for part {self.number} of {self.count}; they count from 0")

    @property
    def first(self) -> int:
        """Its first bucket."""
        return self.number * BUCKETS // self.count

    @property
    def end(self) -> int:
        """The bucket after its last."""
        return (self.number + 1) * BUCKETS // self.count

    def has(self, bucket: pl.Expr) -> pl.Expr:
        """Whether a bucket is one of its own."""
        return (bucket >= self.first) & (bucket < self.end)


def buckets(ids: pl.Series) -> pl.Series:
    """The bucket of each id, ``[0, BUCKETS)`` as UInt8: by its text alone, on any machine.

    FNV-1a over the UTF-8 bytes (64 bits), its bits mixed as MurmurHash3 ends, the top eight
    taken. Files keep what it says, so it may never change. An id that is null gets bucket 0.
    """
    from perdura.sources.landing.hashing import hash_texts

    texts = ids.to_arrow()
    _, ends, data = texts.buffers()
    offsets = np.frombuffer(ends, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    found = np.empty(len(texts), np.uint8)
    hash_texts(offsets, np.frombuffer(data or b"", np.uint8), found)
    return pl.Series(BUCKET, found).set(ids.is_null(), 0)
