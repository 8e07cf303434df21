"""What a query gives, written into a Parquet file batch by batch: never all of it in memory."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from perdura.sources.databases.address import BadDatabase, DatabaseAddress, Kind
from perdura.sources.databases.queries import Watermark, newer
from perdura.sources.landing.full_disk import is_full

_DRIVERS: dict[Kind, str] = {
    "postgresql": "postgres",
    "mysql": "mysql",
    "sqlite": "sqlite",
    "duckdb": "duck",
}
_OF_DRIVERS = ("adbc_driver_manager", "sqlite3", "duckdb", "_duckdb", "pymysql", "pyarrow")
#: What stands before a name that a database quotes. All else that it quotes may be of a row.
_NAMES = re.compile(
    r"(?:column|relation|table|schema|function|database|role|user|name|near|at|file|binding|type)"
    r"[:\s]*$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|(?<!\w)'[^']*'|`[^`]*`")


def stage_query(
    address: DatabaseAddress, sql: str, zone: str, file: Path, watermark: Watermark | None = None
) -> int:
    """Write what a query gives into a Parquet file; how many rows there are.

    Args:
        address: Of the database.
        sql: One query.
        zone: Time zone of the session, in which times are compared and written without one.
        file: The new file.
        watermark: Where only new rows are wanted.

    Raises:
        BadDatabase: The database cannot be reached, or does not answer the query.
    """
    asked = newer(sql, address.kind, watermark) if watermark else sql
    try:
        return _write(address, asked, zone, file)
    except ModuleNotFoundError as error:
        said = (
            f"it is read by the package {error.name}, which is not installed; run "
            f"pip install 'perdura[{address.kind}]'"
        )
    except BadDatabase as error:
        said = str(error)
    except Exception as error:
        of_driver = type(error).__module__.split(".")[0] in _OF_DRIVERS
        if is_full(error) or not (of_driver or isinstance(error, OSError)):
            raise
        said = _said(address, error)
    raise BadDatabase(f"{address.name} ({address.shown}): {said}")


def _write(address: DatabaseAddress, sql: str, zone: str, file: Path) -> int:
    from pyarrow.parquet import ParquetWriter  # pyright: ignore[reportMissingTypeStubs]

    driver: Any = import_module(f"perdura.sources.databases.{_DRIVERS[address.kind]}")
    rows = 0
    with driver.open_rows(address, sql, zone) as reader:
        writer: Any = ParquetWriter(file, reader.schema)
        with writer:
            for batch in reader:
                writer.write_batch(batch)
                rows += batch.num_rows
    return rows


def _said(address: DatabaseAddress, error: Exception) -> str:
    """What the database says, in one line, without secrets and values of rows, and what to do."""
    text = str(error.args[1] if len(error.args) > 1 else error).strip()
    line = next((one for one in text.splitlines() if one.strip()), type(error).__name__)
    for secret in address.secrets:
        line = line.replace(secret, "...")
    line = re.sub(r"^[A-Z_]+: |\[libpq\] |(?:Failed to [^:]+|could not begin COPY): ", "", line)
    shown = _QUOTED.sub(_kept, " ".join(line.replace("ERROR:", "").split()))
    to_do = next((what for words, what in _TO_DO if re.search(words, shown, re.IGNORECASE)), None)
    to_do = to_do or "try the query by hand, as the user of the address"
    return f"{shown.rstrip('. ')}; {to_do}"


def _kept(quoted: re.Match[str]) -> str:
    before, text = quoted.string[: quoted.start()], quoted.group()
    return text if _NAMES.search(before) else f"{text[0]}...{text[-1]}"


_TO_DO = (
    (
        r"authentication failed|access denied|no password",
        "check user and password in the variable",
    ),
    (
        r"connection (to server|refused)|can't connect|could not translate|timed out",
        "check host and port, and that this machine may reach them",
    ),
    (
        r"lock on file|being used by another process",
        "another program has the file open to write; close it there, or read a copy",
    ),
    (
        r"permission denied|not authori[sz]ed|command denied",
        "let the user of the address read that table: GRANT SELECT ON ... TO ...",
    ),
    (r"read-only", "a query reads only; write a SELECT"),
    (
        r"syntax error|error in your SQL syntax|parser error|duplicate column",
        "a query is one SELECT of that database's SQL, without a second statement",
    ),
    (
        r"does not exist|no such|doesn't exist|unknown column|not found",
        "check the name in the query, and write the schema before a table's name",
    ),
)
