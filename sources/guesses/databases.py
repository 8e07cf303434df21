"""Samples of the tables of a database."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from perdura.sources.databases.address import DatabaseAddress, Kind, read_address
from perdura.sources.databases.queries import quoted
from perdura.sources.databases.staging import stage_query
from perdura.sources.guesses.samples import SampledTable

_ROWS = 20_000
_TABLES = 100
#: Texts that are longer on average were written by people, and tell no event.
_WRITTEN = 80
_OF_SCHEMA = (
    "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'mysql', 'sys', "
    "'performance_schema') ORDER BY table_schema, table_name"
)
_LISTS: dict[Kind, str] = {
    "postgresql": _OF_SCHEMA,
    "mysql": _OF_SCHEMA,
    "duckdb": _OF_SCHEMA,
    "sqlite": (
        "SELECT '' AS table_schema, name AS table_name FROM sqlite_master "
        "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
    ),
}


def sample_database(written: str, folder: Path) -> list[SampledTable]:
    """A sample of each table that the user of an address may read.

    Args:
        written: The address as the mapping will name it, such as ``$BILLING_URL``.
        folder: The mapping's, which paths of files start from.

    Raises:
        BadDatabase: It cannot be reached.
    """
    address = read_address(written, folder)
    with TemporaryDirectory(prefix="perdura-init-") as scratch:
        file = Path(scratch) / "sample.parquet"
        stage_query(address, _LISTS[address.kind], "UTC", file)
        found = [
            _sample(address, written, str(schema or ""), str(table), file)
            for schema, table in pl.read_parquet(file).head(_TABLES).rows()
        ]
        return [sample for sample in found if sample is not None]


def _sample(
    address: DatabaseAddress, written: str, schema: str, table: str, file: Path
) -> SampledTable | None:
    named = ".".join(_quoted(name, address.kind) for name in (schema, table) if name)
    # Names come from the database's own list of tables.
    stage_query(address, f"SELECT * FROM {named} LIMIT {_ROWS}", "UTC", file)  # noqa: S608
    rows = pl.read_parquet(file)
    if rows.is_empty():
        return None
    lengths = {texts.name: texts.str.len_chars() for texts in rows.select(pl.col(pl.String))}
    means = {name: length.sum() / max(length.count(), 1) for name, length in lengths.items()}
    short = [name for name in rows.columns if means.get(name, 0) <= _WRITTEN]
    columns = ", ".join(_quoted(name, address.kind) for name in short)
    keys: dict[str, object] = {
        "query": f"SELECT {columns} FROM {named}",  # noqa: S608
        "database": written,
    }
    return SampledTable(table, keys, rows.select(short), rows.height < _ROWS)


def _quoted(name: str, kind: Kind) -> str:
    if name.isidentifier() and name.islower() and name.isascii():
        return name
    return quoted(name, "`" if kind == "mysql" else '"')
