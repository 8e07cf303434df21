"""The fingerprint of a training set, the same on every machine."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2b

import numpy as np
import polars as pl

_PIECE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Counts, dates, and a ``digest`` that changes with any name, value or position."""

    rows: int
    labelled: int
    churned: int
    churned_by_payment: int
    subscribers: int
    dates: int
    first_as_of: str
    last_as_of: str
    known_until: str
    columns: int
    digest: str

    def to_dict(self) -> dict[str, int | str]:
        """The fingerprint as plain values."""
        return asdict(self)


def fingerprint(rows: pl.DataFrame, known_until: datetime) -> Fingerprint:
    """The fingerprint of feature rows, labelled with what was known before ``known_until``."""
    return Fingerprint(
        rows=rows.height,
        labelled=rows["churned"].count(),
        churned=int(rows["churned"].sum()),
        churned_by_payment=rows.filter(pl.col("cause") == "payment").height,
        subscribers=rows["subscriber_id"].n_unique(),
        dates=rows["as_of"].n_unique(),
        first_as_of=str(rows["as_of"].min()),
        last_as_of=str(rows["as_of"].max()),
        known_until=known_until.isoformat(),
        columns=rows.width,
        digest=digest(rows),
    )


def digest(frame: pl.DataFrame) -> str:
    """Sixteen hex digits that change with any name, value or position in the frame."""
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        columns = pool.map(_digest, frame.iter_columns())
        return blake2b(b"".join(columns), digest_size=8).hexdigest()


def _digest(column: pl.Series) -> bytes:
    """The digest of one column, piece by piece: copying all values would take long."""
    result = blake2b(f"{column.name}\0{column.len()}\0".encode(), digest_size=16)
    for piece in column.to_frame().iter_slices(_PIECE):
        result.update(_bytes(piece.to_series()))
    return result.digest()


def _bytes(values: pl.Series) -> bytes:
    if values.dtype == pl.String:
        return _bytes(values.str.len_bytes()) + (values.str.join().item() or "").encode()
    numbers = values.to_physical().cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.ascontiguousarray(numbers, dtype="<f8").tobytes()
