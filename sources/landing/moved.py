"""Accounts that a merge moved out of their own bucket: people must not be cut in two by a split."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import polars as pl

from perdura.sources.events import EVENT_TABLES, MERGES, EventTable
from perdura.sources.landing.files import WHOLE_AS_FLOAT, landed_files, scan_stored, stored_schema
from perdura.sources.landing.partition import BUCKET, Part, buckets

#: The bucket that an account is worked on in: that of the least id that merges tie it to.
HOME = "home"

_KEPT = 3


@dataclass(frozen=True, slots=True)
class MovedAccounts:
    """The accounts at home in another bucket than their own.

    Attributes:
        accounts: One row for each: ``subscriber_id``, ``BUCKET`` (its own), ``HOME``.
        folder: Where their events were gathered, a file a table; ``None`` if they were not.
    """

    accounts: pl.DataFrame
    folder: Path | None


def find_moved(landing: Path) -> MovedAccounts:
    """The accounts moved by any merge that has landed, whenever it was known."""
    folder = _gathered(landing)
    if folder.exists():
        return MovedAccounts(pl.read_parquet(folder / "accounts.parquet"), folder)
    return MovedAccounts(_homes(landing), None)


def gather_moved(landing: Path) -> None:
    """Gather the events of moved accounts in ``<landing>/moved``, for many parts to be read.

    Reads everything once. Without it the parts are the same, but each of them reads everything.
    What was gathered counts for as long as no file of the landing changes.
    """
    folder = _gathered(landing)
    if folder.exists():
        return
    accounts = _homes(landing)
    draft = folder.with_name(f"{uuid4().hex}.part")
    draft.mkdir(parents=True)
    try:
        accounts.write_parquet(draft / "accounts.parquet")
        for table in EVENT_TABLES:
            _rows_of(landing, table, accounts).sort(HOME).sink_parquet(
                draft / f"{table.name}.parquet"
            )
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _forget(folder.parent)


def read_part(landing: Path, table: EventTable, part: Part, moved: MovedAccounts) -> pl.LazyFrame:
    """The events of one table of the people of one part."""
    files = list(landed_files(landing, table).values())
    stay = scan_stored(table, files).filter(part.has(pl.col(BUCKET)))
    away = moved.accounts.filter(part.has(pl.col(BUCKET)))["subscriber_id"]
    if not away.is_empty():
        stay = stay.filter(~pl.col("subscriber_id").is_in(away.implode()))
    come = moved.accounts.filter(part.has(pl.col(HOME)))
    if come.is_empty():
        return stay.select(table.schema.names())
    if moved.folder:
        path = moved.folder / f"{table.name}.parquet"
        schema = {**stored_schema(table), HOME: pl.UInt8()}
        every = pl.scan_parquet(path, schema=schema, glob=False, cast_options=WHOLE_AS_FLOAT)
        rows = every.filter(part.has(pl.col(HOME)))
    else:
        rows = _rows_of(landing, table, come)
    return pl.concat([stay.select(table.schema.names()), rows.select(table.schema.names())])


def _rows_of(landing: Path, table: EventTable, accounts: pl.DataFrame) -> pl.LazyFrame:
    """The events of some moved accounts, with ``HOME``."""
    files = list(landed_files(landing, table).values())
    who = pl.col("subscriber_id")
    # The filter is on what a file is read by, so that rows of others are dropped early.
    rows = scan_stored(table, files).filter(who.is_in(accounts["subscriber_id"].implode()))
    return rows.join(accounts.lazy().select("subscriber_id", HOME), on="subscriber_id", how="inner")


def _homes(landing: Path) -> pl.DataFrame:
    files = list(landed_files(landing, MERGES).values())
    links = scan_stored(MERGES, files).select("subscriber_id", "merged_into").unique().collect()
    least = _least_of_each(links.sort(pl.all()).rows())
    told = pl.DataFrame(
        {"subscriber_id": least.keys(), "least": least.values()},
        schema={"subscriber_id": pl.String, "least": pl.String},
    )
    homes = told.select(
        "subscriber_id",
        buckets(told["subscriber_id"]),
        buckets(told["least"]).alias(HOME),
    )
    return homes.filter(pl.col(BUCKET) != pl.col(HOME)).sort("subscriber_id")


def _least_of_each(links: list[tuple[str, str]]) -> dict[str, str]:
    """The least of the ids that links tie each id to, near or far, in either direction."""
    towards: dict[str, str] = {}

    def end(who: str) -> str:
        while (onward := towards.setdefault(who, who)) != who:
            towards[who] = towards[onward]  # half the way for whoever comes next
            who = onward
        return who

    for one, other in links:
        first, second = sorted((end(one), end(other)))
        towards[second] = first
    return {who: end(who) for who in list(towards)}


def _gathered(landing: Path) -> Path:
    """The folder for what is gathered from the landing as it is now."""
    seen = hashlib.sha256(" ".join(table.name for table in EVENT_TABLES).encode())
    for table in EVENT_TABLES:
        for path in landed_files(landing, table).values():
            found = path.stat()
            seen.update(f"{table.name}/{path.name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return landing / "moved" / seen.hexdigest()[:32]


def _forget(folder: Path) -> None:
    """Drop what was gathered from earlier landings, but for a few that may still be read."""
    kept = sorted(folder.glob("?" * 32), key=lambda path: path.stat().st_mtime_ns)
    for old in kept[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
