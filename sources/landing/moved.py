"""Accounts that a merge moved out of their own bucket: a split must not cut a subscriber in two."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import polars as pl

from perdura.sources.events import EVENT_TABLES, MERGES, EventTable
from perdura.sources.landing.files import WHOLE_AS_FLOAT, scan_stored, stored_schema
from perdura.sources.landing.partition import BUCKET, Part, buckets

#: The bucket that an account is worked on in: that of the least id that merges tie it to.
HOME = "home"
_KEPT = 3


@dataclass(frozen=True, slots=True)
class MovedEvents:
    """The events of accounts at home in another bucket than their own.

    Attributes:
        files: The landed files of each event table, by name.
        gathered: The folder where the events are gathered, a file per table, if it is there. Its
            name is a digest of the files, so what was gathered of other files is not read.
    """

    files: Mapping[str, Sequence[Path]]
    gathered: Path

    @classmethod
    def of_files(cls, files: Mapping[str, Sequence[Path]], folder: Path) -> "MovedEvents":
        """Those of landed files as they are now; ``folder`` holds what is gathered."""
        digest = hashlib.sha256(" ".join(files).encode())
        for name, paths in files.items():
            for path in paths:
                found = path.stat()
                digest.update(f"{name}/{path.name} {found.st_size} {found.st_mtime_ns}\n".encode())
        return cls(files, folder / digest.hexdigest()[:32])

    def accounts(self) -> pl.DataFrame:
        """One row per account moved by any merge: ``subscriber_id``, ``BUCKET`` (own), ``HOME``."""
        if self.gathered.exists():
            return pl.read_parquet(self.gathered / "accounts.parquet")
        merges = scan_stored(MERGES, self.files[MERGES.name])
        links = merges.select("subscriber_id", "merged_into").unique().collect()
        least = least_linked_ids(links.sort(pl.all()).rows())
        ids = pl.DataFrame(
            {"subscriber_id": least.keys(), "least": least.values()},
            schema={"subscriber_id": pl.String, "least": pl.String},
        )
        own, home = buckets(ids["subscriber_id"]), buckets(ids["least"]).alias(HOME)
        homes = ids.select("subscriber_id", own, home)
        return homes.filter(pl.col(BUCKET) != pl.col(HOME)).sort("subscriber_id")

    def gather(self) -> None:
        """Gather the events, unless they are gathered; drop those gathered long ago."""
        if self.gathered.exists():
            return
        accounts = self.accounts()
        draft = self.gathered.with_name(f"{uuid4().hex}.part")
        draft.mkdir(parents=True)
        try:
            accounts.write_parquet(draft / "accounts.parquet")
            for table in EVENT_TABLES:
                rows = self._rows_of(table, accounts).sort(HOME)
                rows.sink_parquet(draft / f"{table.name}.parquet")
            draft.rename(self.gathered)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        earlier = self.gathered.parent.glob("?" * 32)
        for old in sorted(earlier, key=lambda path: path.stat().st_mtime_ns)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def read_part(self, table: EventTable, part: Part, accounts: pl.DataFrame) -> pl.LazyFrame:
        """The events of one table of the subscribers of one part, by all moved ``accounts``."""
        stay = scan_stored(table, self.files[table.name]).filter(part.has(pl.col(BUCKET)))
        away = accounts.filter(part.has(pl.col(BUCKET)))["subscriber_id"]
        if not away.is_empty():
            stay = stay.filter(~pl.col("subscriber_id").is_in(away.implode()))
        come = accounts.filter(part.has(pl.col(HOME)))
        if come.is_empty():
            return stay.select(table.schema.names())
        if self.gathered.exists():
            path = self.gathered / f"{table.name}.parquet"
            schema = {**stored_schema(table), HOME: pl.UInt8()}
            every = pl.scan_parquet(path, schema=schema, glob=False, cast_options=WHOLE_AS_FLOAT)
            rows = every.filter(part.has(pl.col(HOME)))
        else:
            rows = self._rows_of(table, come)
        return pl.concat([stay.select(table.schema.names()), rows.select(table.schema.names())])

    def _rows_of(self, table: EventTable, accounts: pl.DataFrame) -> pl.LazyFrame:
        """The events of some moved accounts, with ``HOME``."""
        # The filter is on what a file is read by, so that other rows are dropped early.
        own = pl.col("subscriber_id").is_in(accounts["subscriber_id"].implode())
        rows = scan_stored(table, self.files[table.name]).filter(own)
        homes = accounts.lazy().select("subscriber_id", HOME)
        return rows.join(homes, on="subscriber_id", how="inner")


def least_linked_ids(links: Sequence[tuple[str, ...]]) -> dict[str, str]:
    """The least of the ids that links tie each id to, near or far, in either direction."""
    towards: dict[str, str] = {}

    def end(subscriber_id: str) -> str:
        while (onward := towards.setdefault(subscriber_id, subscriber_id)) != subscriber_id:
            towards[subscriber_id] = towards[onward]  # half the way for the next look-up
            subscriber_id = onward
        return subscriber_id

    for one, other in links:
        first, second = sorted((end(one), end(other)))
        towards[second] = first
    return {subscriber_id: end(subscriber_id) for subscriber_id in list(towards)}
