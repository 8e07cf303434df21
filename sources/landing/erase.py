"""One person out of the landing: events, rejected rows, and whatever was made of them there."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from perdura.sources.events import EVENT_TABLES, MERGES
from perdura.sources.landing.files import ROW_GROUP, move_into_place
from perdura.sources.landing.landing import Landing, read_rejected
from perdura.sources.landing.partition import BUCKET, buckets
from perdura.sources.landing.shown import shown_files
from perdura.sources.landing.spellings import standing_alone_in_polars
from perdura.sources.landing.tombstones import NAMING, Tombstones
from perdura.sources.merges import owners
from perdura.sources.row_count import count_rows

_FILE = "file"
_EVER = datetime(9999, 1, 1, tzinfo=UTC)


def accounts_of(landing: Landing, subscriber_id: str) -> list[str]:
    """Every account of the person behind ``subscriber_id``, by all merges known by now; sorted.

    These are the account that it lives on as and all that were merged into that, near or far.
    """
    links = owners(landing.table(MERGES), _EVER)
    own = links.filter(pl.col("subscriber_id") == subscriber_id)["owner"].to_list()
    owner = own[0] if own else subscriber_id
    merged = links.filter(pl.col("owner") == owner)["subscriber_id"].to_list()
    return sorted({subscriber_id, owner, *merged})


def begun(landing: Landing, tombstones: Tombstones) -> list[str]:
    """Accounts on the list of the forgotten that merges name still: their erasure was stopped."""
    if not tombstones.days:
        return []
    merges = landing.table(MERGES).select(NAMING).collect()
    return tombstones.among(pl.concat([merges[name] for name in NAMING])).sort().to_list()


def landed_of(landing: Landing, accounts: Sequence[str]) -> dict[Path, int]:
    """How many rows each landed file has that name one of the accounts; those without are left out.

    Files of merges come last: as long as one is there, ``accounts_of`` or ``begun`` finds the same
    accounts again.
    """
    tables = sorted(EVENT_TABLES, key=lambda table: table is MERGES)
    counts: dict[Path, int] = {}
    for table in tables:
        for file in [*shown_files(landing, table).values(), *landing.files(table).values()]:
            rows = pl.scan_parquet(file, glob=False)
            named = rows.filter(_names(rows.collect_schema().names(), accounts))
            counts[file] = count_rows(named)
    return {file: count for file, count in counts.items() if count}


def rejected_of(landing: Landing, accounts: Sequence[str]) -> dict[Path, int]:
    """How many rows each file of rejected rows has about them; those without are left out."""
    files = (
        path
        for table in EVENT_TABLES
        for path in sorted((landing.folder / "rejected" / table.name).glob("*.parquet"))
    )
    counts = {path: read_rejected(path).filter(_about(path, accounts)).height for path in files}
    return {path: count for path, count in counts.items() if count}


def leftovers_of(landing: Landing) -> list[Path]:
    """What was made of landed rows and can be made again, and what broken off extracts have left.

    Call it while no other process works in the landing.
    """
    made = [landing.folder / "moved", landing.staging, *map(landing.ranges, EVENT_TABLES)]
    return [*(path for path in made if path.exists()), *sorted(landing.folder.rglob("*.part"))]


def erase_landed(file: Path, accounts: Sequence[str]) -> None:
    """Write a landed file anew without the rows that name the accounts; all others stay.

    The bytes are those that an extract of the other rows would have landed.
    """
    schema = pl.scan_parquet(file, glob=False).collect_schema()
    rows = pl.scan_parquet(file, glob=False).filter(~_names(schema.names(), accounts))
    move_into_place(
        file,
        lambda draft: rows.sink_parquet(draft, row_group_size=ROW_GROUP, maintain_order=True),
    )


def erase_rejected(file: Path, accounts: Sequence[str]) -> None:
    """Write a file of rejected rows anew without those about the accounts."""
    rows = read_rejected(file).filter(~_about(file, accounts))
    move_into_place(file, lambda draft: rows.write_parquet(draft, row_group_size=ROW_GROUP))


def erase_leftover(path: Path) -> None:
    """Remove one of ``leftovers_of``, whole."""
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _names(columns: Sequence[str], accounts: Sequence[str]) -> pl.Expr:
    """Whether a row names one of the accounts; row groups without their buckets are not read."""
    ids = pl.Series(accounts, dtype=pl.String)
    own = pl.col(BUCKET).is_in(buckets(ids).implode()) & pl.col(NAMING[0]).is_in(ids.implode())
    others = (pl.col(name).is_in(ids.implode()) for name in NAMING[1:] if name in columns)
    return pl.any_horizontal(own, *others).fill_null(value=False)


def _about(path: Path, accounts: Sequence[str]) -> pl.Expr:
    """Whether a rejected row is about one of the accounts.

    Where it names no subscriber, or may name two, its text decides: in doubt it goes.
    """
    ids = pl.col("subscriber_id")
    own = ids.is_in(pl.Series(accounts, dtype=pl.String).implode())
    named = pl.any_horizontal(
        pl.col("text").str.contains(standing_alone_in_polars(account)) for account in accounts
    )
    unsure = ids.is_null() if path.parent.name != MERGES.name else pl.lit(True)
    return pl.any_horizontal(own, unsure & named).fill_null(value=False)
