"""An export folder read once, block by block, into flat Parquet tables."""

import re
from collections import defaultdict
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from perdura.sources.connectors.cells import word
from perdura.sources.connectors.stripe.fields import FIELDS
from perdura.sources.connectors.stripe.json_text import lines
from perdura.sources.connectors.stripe.json_text.arrays import read_array
from perdura.sources.connectors.stripe.json_text.lines import Block
from perdura.sources.connectors.stripe.objects.flat import flat
from perdura.sources.connectors.stripe.shapes import SHAPES, TIMES, Tables
from perdura.sources.connectors.stripe.tables import flat as tables
from perdura.sources.connectors.stripe.tables.reading import read_blocks
from perdura.sources.connectors.stripe.times import moments
from perdura.sources.connectors.stripe.versions import SCHEMA, latest_versions, versions_of
from perdura.sources.staged import BROKEN_ROWS

#: What files of each kind are called, without plural, ``_data`` or a date at the end.
STEMS: dict[str, tuple[str, ...]] = {
    "prices": ("price",),
    "plans": ("plan",),
    "products": ("product",),
    "coupons": ("coupon",),
    "discounts": ("discount", "subscription_discount"),
    "customers": ("customer",),
    "subscriptions": ("subscription",),
    "items": ("subscription_item",),
    "invoices": ("invoice",),
    "lines": ("invoice_line_item", "invoice_item_line"),
    "invoice_payments": ("invoice_payment",),
    "charges": ("charge", "payment", "unified_payment"),
    "refunds": ("refund",),
    "disputes": ("dispute",),
    "credit_notes": ("credit_note",),
    "events": ("event",),
}
#: Fivetran's table of all versions of subscriptions; read where there is none of the latest alone.
_HISTORY = "subscription_history"
#: The folder of what is noted of objects in several files.
_VERSIONS = "versions"
_LINES = {".jsonl", ".ndjson", ".json"}
#: How names of files begin that a rename would make known: ``subscriptions_us.jsonl``.
MISNAMED = "(?:stripe[_.-])?((?:{})s)(?![a-z])".format(
    "|".join(one for stems in STEMS.values() for one in stems)
)
_TABLES = {".csv", ".parquet"}
ENDINGS = _LINES | _TABLES
_STEM = re.compile(r"^(?:stripe[_.-])?(?P<stem>[a-z_]+?)s?(?:_data)?(?:[_. -]*\(?\d.*)?$")


@dataclass(slots=True)
class Raw:
    """What an export holds.

    Attributes:
        tables: The flat tables that there are, by their names (``shapes.SHAPES``), with times as
            times and ``read_at``; one row per object.
        files: The files that each kind of object was read from.
        broken: Lines of each kind that could not be read; schema ``BROKEN_ROWS``.
        others: Files that no kind is known of.
        scratch: Where more may be set aside.
        earlier: How many rows are earlier versions of objects, and were not read.
        repeated: How many objects of each table stood there more than once.
    """

    tables: dict[str, pl.LazyFrame]
    files: Mapping[str, list[Path]]
    broken: Mapping[str, pl.DataFrame]
    others: list[str]
    scratch: Path
    earlier: int = 0
    repeated: Mapping[str, int] = field(default_factory=dict[str, int])

    def __contains__(self, name: object) -> bool:
        return name in self.tables

    def table(self, name: str) -> pl.LazyFrame:
        """A flat table; empty if the export has none."""
        return self.tables.get(name, pl.LazyFrame(schema=schema_of(name)))

    def latest(self, name: str) -> pl.LazyFrame:
        """Each object of a table once, as it was read last; mode and status in small letters."""
        rows = self.table(name).filter(pl.col("id").is_not_null())
        words = [word(pl.col(one)) for one in ("livemode", "status") if one in SHAPES[name]]
        return rows.unique("id", keep="last", maintain_order=True).with_columns(words)


def schema_of(name: str) -> pl.Schema:
    """The columns of a flat table as ``Raw`` has it."""
    moment = pl.Datetime("us", "UTC")
    typed = {c: moment if c in TIMES else kind for c, kind in SHAPES[name].items()}
    return pl.Schema({**typed, "read_at": moment, "unreadable": pl.String()})


def kinds_in(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """The files of each kind in a folder, in the order of their names, and the names of others."""
    kinds: dict[str, list[Path]] = defaultdict(list)
    others: list[str] = []
    history: list[Path] = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix.lower() not in ENDINGS:
            continue
        found = _STEM.match(path.stem.lower())
        stem = found["stem"] if found else ""
        kind = next((kind for kind, stems in STEMS.items() if stem in stems), None)
        # No table holds what events say.
        if stem == _HISTORY:
            history.append(path)
        elif kind is None or (kind == "events" and path.suffix.lower() not in _LINES):
            others.append(path.name)
        else:
            kinds[kind].append(path)
    if kinds["subscriptions"]:
        others += [path.name for path in history]
    kinds["subscriptions"] = kinds["subscriptions"] or history
    return {kind: kinds[kind] for kind in STEMS if kinds.get(kind)}, others


def read(
    folder: Path, scratch: Path, shown: Mapping[Path, str], kinds: frozenset[str] | None = None
) -> Raw:
    """Read an export, some rows of it at a time.

    Args:
        folder: The folder.
        scratch: Where flat tables are set aside.
        shown: What reports call each file; by default its name.
        kinds: The kinds to read; by default all.
    """
    files, others = kinds_in(folder)
    parts = _Parts(scratch)
    broken: dict[str, pl.DataFrame] = {}
    earlier = 0
    for kind, paths in files.items():
        if kinds is not None and kind not in kinds:
            continue
        faults = [pl.DataFrame(schema=BROKEN_ROWS)]
        for path in paths:
            read_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            parts.touch(kind)
            for found, block in _blocks(kind, path, shown.get(path, path.name)):
                faults.append(block.broken)
                earlier += tables.earlier_versions(block.rows)
                for name, rows in found.items():
                    parts.add(name, rows, read_at)
                if len(paths) > 1:
                    parts.add_versions(own_table(kind), found, block.rows, read_at)
        broken[kind] = pl.concat(faults)
    own = {own_table(kind): len(files[kind]) for kind in broken}
    latest = latest_versions(parts.scans(), parts.versions(), own)
    return Raw(latest.tables, files, broken, others, scratch, earlier, latest.repeated)


def own_table(kind: str) -> str:
    """The flat table that has a row per object of a kind."""
    return {"plans": "prices", "events": "logged"}.get(kind, kind)


def _blocks(kind: str, path: Path, name: str) -> Generator[tuple[Tables, Block]]:
    if path.suffix.lower() in _LINES:
        is_whole = path.suffix.lower() == ".json"
        read_lines = read_array if is_whole else lines.read_blocks
        for block in read_lines(path, name, FIELDS[kind]):
            yield flat(kind, block.rows), block
    else:
        for block in read_blocks(path, name):
            yield tables.flat(kind, block.rows), block


@dataclass(slots=True)
class _Parts:
    """Flat tables on disk, each in files of some rows."""

    folder: Path
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def touch(self, kind: str) -> None:
        """Note that there is a table, though it may have no rows."""
        name = own_table(kind)
        if not self.counts[name]:
            self.add(name, pl.DataFrame(schema=SHAPES[name]), datetime.now(UTC))

    def add(self, name: str, rows: pl.DataFrame, read_at: datetime) -> None:
        place = self.folder / "raw" / name
        place.mkdir(parents=True, exist_ok=True)
        typed = moments(rows, [c for c in SHAPES[name] if c in TIMES], read_at)
        typed.select(schema_of(name).names()).write_parquet(
            place / f"{self.counts[name]:06}.parquet", compression="lz4"
        )
        self.counts[name] += 1

    def add_versions(
        self, name: str, found: Tables, written: pl.DataFrame, read_at: datetime
    ) -> None:
        """Note which objects a block has of a kind that stands in several files."""
        if "id" not in SHAPES[name]:
            return
        rows = versions_of(found[name], written, holds=len(found) > 1)
        place = self.folder / "raw" / _VERSIONS / name
        place.mkdir(parents=True, exist_ok=True)
        read = pl.lit(read_at).dt.cast_time_unit("us").alias("read_at")
        rows.with_columns(read).select(SCHEMA.names()).write_parquet(
            place / f"{self.counts[name]:06}.parquet", compression="lz4"
        )

    def versions(self) -> dict[str, pl.LazyFrame]:
        """By table, as ``versions_of`` has them, with ``read_at``."""
        place = self.folder / "raw" / _VERSIONS
        found = sorted(place.iterdir()) if place.is_dir() else []
        return {one.name: pl.scan_parquet(one / "*.parquet") for one in found}

    def scans(self) -> dict[str, pl.LazyFrame]:
        return {
            name: pl.scan_parquet(self.folder / "raw" / name / "*.parquet", schema=schema_of(name))
            for name in self.counts
        }
