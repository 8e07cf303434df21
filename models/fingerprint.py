"""What tells one training set from another, the same on every machine."""

from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2b

import numpy as np
import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Counts, dates, and a ``digest`` that changes with any name, value or place."""

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
    """The fingerprint of labelled feature rows whose labels read what was known until then."""
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
    """Sixteen hex digits that change with any name, value or place in the frame."""
    seen = blake2b(digest_size=8)
    for column in frame.iter_columns():
        seen.update(f"\0{column.name}\0{column.len()}\0".encode())
        seen.update(_bytes(column))
    return seen.hexdigest()


def _bytes(column: pl.Series) -> bytes:
    if column.dtype == pl.String:
        return "\x1f".join(column.fill_null("\0").to_list()).encode()
    numbers = column.to_physical().cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.ascontiguousarray(numbers, dtype="<f8").tobytes()
