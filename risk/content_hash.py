"""A digest of many rows that is the same in any order and however they were cut into pieces."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

_LANES = 2  # of 64 bits each
_SEEDS = 1_000  # between lanes: more than there are columns


class Content:
    """The sum of what rows hash to, so that neither order nor pieces matter.

    It tells a night done again from another one; it is no proof against forgery. The hash may
    change with a new version of Polars: then a night done again is published again.
    """

    def __init__(self) -> None:
        self._sums = [0] * _LANES

    def add(self, hashes: list[int]) -> None:
        """Rows more, as ``hashed`` gave them."""
        self._sums = [(a + b) % 2**64 for a, b in zip(self._sums, hashes, strict=True)]

    def digest(self, facts: dict[str, Any]) -> str:
        """SHA-256 over the sums and what is true of all rows."""
        return hashlib.sha256(repr((self._sums, facts)).encode()).hexdigest()


def hashed(rows: pl.DataFrame) -> list[int]:
    """For each lane the sum over rows, modulo 2**64, of a hash of the whole row."""
    import numpy as np

    lanes = (hashes(rows, lane * _SEEDS) for lane in range(_LANES))
    return [int(lane.sum(dtype=np.uint64)) for lane in lanes]


def hashes(rows: pl.DataFrame, seed: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Of each row a hash of all its columns.

    They are mixed before rows are added up: else values could change places.
    """
    import numpy as np
    import polars as pl

    row: np.ndarray[Any, np.dtype[np.uint64]] = np.zeros(rows.height, dtype=np.uint64)
    for number, name in enumerate(rows.columns, start=1):
        row += rows[name].hash(seed + number).to_numpy()  # modulo 2**64
    return pl.Series(row).hash(seed).to_numpy()
