"""Whether two ways gave the same: counts exactly, the rest to one part in a thousand million."""

from pathlib import Path

import polars as pl

from benchmarks.workload.task import COLUMNS

#: By how much sums, means and times may differ, of the greater.
TOLERANCE = 1e-9
_MICROSECOND = 1e-6 / 86_400  # in days: some tools count seconds in floats


def differences(right: Path, other: Path) -> list[str]:
    """The columns of ``other`` that differ from those of ``right`` in some row, with an example.

    Both hold ``subscriber_id``, ``as_of`` and columns; ``other`` may lack some. Not the same rows:
    that alone is said.
    """
    keys = ["subscriber_id", "as_of"]
    ours, theirs = (pl.read_parquet(path).sort(keys) for path in (right, other))
    if not ours.select(keys).equals(theirs.select(keys)):
        return [f"the rows: {ours.height} against {theirs.height}"]
    result = (_difference(ours[name], theirs[name]) for name in COLUMNS if name in theirs.columns)
    return [one for one in result if one]


def _difference(ours: pl.Series, theirs: pl.Series) -> str:
    theirs = theirs.cast(pl.Float64).fill_nan(None)
    both = pl.DataFrame({"ours": ours, "theirs": theirs})
    apart = (pl.col("ours") - pl.col("theirs")).abs()
    size = pl.max_horizontal(pl.col("ours").abs(), pl.col("theirs").abs())
    unlike = (pl.col("ours").is_null() != pl.col("theirs").is_null()) | (
        apart > TOLERANCE * size + _MICROSECOND
    )
    differing = both.filter(unlike)
    return (
        f"{ours.name}: {differing.height} rows, e.g. {differing.row(0)}" if differing.height else ""
    )


def sums_differ(right: dict[str, list[float]], other: dict[str, list[float]]) -> list[str]:
    """The sums and counts, by date, that differ; order of rows does not matter to them."""
    return [
        name
        for name, sums in other.items()
        if len(sums) != len(right[name])
        or any(
            abs(a - b) > TOLERANCE * max(abs(a), abs(b))
            for a, b in zip(right[name], sums, strict=True)
        )
    ]
