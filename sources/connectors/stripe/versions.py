"""Objects that an export holds several times: the last version of each counts, and what it holds.

Versions that follow each other and say the same are one, known since it was read first: a file that
is delivered twice changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from perdura.sources.staged import FILE, ROW_IN_FILE

_PLACE = [FILE, ROW_IN_FILE]
#: The flat tables of what objects hold, by the objects' own table.
_HELD: dict[str, tuple[str, ...]] = {
    "subscriptions": ("items", "discounts"),
    "invoices": ("lines",),
    "customers": ("discounts",),
    "logged": ("logged_items", "logged_discounts"),
}
#: Tables of which a row has no id of its own at every vendor's: equal rows of two files are one.
_WITHOUT_ID = ("lines", "discounts")
#: The prices that stand in many objects are told apart where they are read.
_NO_OBJECTS = {"prices", *_WITHOUT_ID, "invoice_payments"}
#: What ``versions_of`` gives.
SCHEMA = pl.Schema(
    {
        "id": pl.String(),
        FILE: pl.String(),
        ROW_IN_FILE: pl.UInt32(),
        "content": pl.UInt64(),
        "holds": pl.Boolean(),
        "read_at": pl.Datetime("us", "UTC"),
    }
)


def versions_of(own: pl.DataFrame, written: pl.DataFrame, *, holds: bool) -> pl.DataFrame:
    """One row per object of a block: ``id``, its place, a hash of its ``content``, and ``holds``.

    Args:
        own: The flat rows of the objects.
        written: The objects as they were written, with their places.
        holds: Whether rows of what they hold were read of them too.
    """
    names = sorted(set(written.columns) - {*_PLACE})
    content = written.select(ROW_IN_FILE, content=written.select(names).hash_rows(seed=0))
    return own.select("id", *_PLACE, holds=pl.lit(holds)).join(content, on=ROW_IN_FILE)


@dataclass(frozen=True, slots=True)
class LatestVersions:
    """Flat tables with each object once.

    Attributes:
        tables: The tables, by name.
        repeated: How many objects of each table there were more than once.
    """

    tables: dict[str, pl.LazyFrame]
    repeated: dict[str, int]


def latest_versions(
    tables: Mapping[str, pl.LazyFrame],
    versions: Mapping[str, pl.LazyFrame],
    files: Mapping[str, int],
) -> LatestVersions:
    """Each object once, as it was read last, and what that version holds.

    Args:
        tables: The flat tables, in the order in which they were read.
        versions: As ``versions_of``, with ``read_at``, of tables that were read of several files.
        files: Of how many files each table was read, where these are of its own kind.
    """
    found, repeated = dict(tables), dict[str, int]()
    for name in files:
        if name in _NO_OBJECTS:
            continue
        one_file = found[name].select(
            "id", *_PLACE, "read_at", content=pl.lit(0, pl.UInt64), holds=pl.lit(value=True)
        )
        again = _several_times(versions.get(name, one_file))
        if again.is_empty():
            continue
        repeated[name] = again.height - again["id"].n_unique()
        found[name] = _without_earlier(found[name], again)
        for held in _HELD.get(name, ()):
            if held in found:
                found[held] = _without_earlier(found[held], again.filter("holds"))
    for name in _WITHOUT_ID:
        if files.get(name, 0) > 1:
            found[name] = _equal_rows_once(found[name])
    return LatestVersions(found, repeated)


def _several_times(versions: pl.LazyFrame) -> pl.DataFrame:
    """The versions of objects that there are several of, with their number in the order read."""
    known = versions.filter(pl.col("id").is_not_null())
    often = known.group_by("id").len().filter(pl.col("len") > 1).select("id")
    ids = often.collect(engine="streaming")
    if ids.is_empty():
        return pl.DataFrame(schema={**SCHEMA, "number": pl.Int64()})
    rows = known.join(ids.lazy(), on="id", how="semi", maintain_order="left").collect()
    return rows.with_columns(number=pl.int_range(pl.len(), dtype=pl.Int64))


def _without_earlier(rows: pl.LazyFrame, versions: pl.DataFrame) -> pl.LazyFrame:
    """The rows of the last versions, read when the first of the equal ones before them was."""
    number, content = pl.col("number"), pl.col("content")
    changed = number.filter(content != content.last()).max().fill_null(-1)
    last = versions.group_by("id", maintain_order=True).agg(
        pl.col(*_PLACE, "number").last(),
        first_read_at=pl.col("read_at").filter(number > changed).min(),
    )
    earlier = versions.join(last, on=["id", "number"], how="anti").select(_PLACE)
    first = last.select(*_PLACE, "first_read_at").lazy()
    return (
        rows.join(earlier.lazy(), on=_PLACE, how="anti", maintain_order="left")
        .join(first, on=_PLACE, how="left", maintain_order="left")
        .with_columns(read_at=pl.min_horizontal("read_at", "first_read_at"))
        .drop("first_read_at")
    )


def _equal_rows_once(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows without those that an earlier file has too; of equal ones in a file each stays."""
    said = pl.exclude(*_PLACE, "read_at", "unreadable")
    content = rows.with_columns(content=pl.struct(said).hash(seed=0))
    counted = content.with_columns(time=pl.int_range(pl.len()).over("content", FILE))
    once = counted.unique(["content", "time"], keep="first", maintain_order=True)
    return once.drop("content", "time")
