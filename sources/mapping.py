"""The mapping file: how a business's own tables become events. TOML, one section a table.

A column is a Polars SQL expression over the input's columns, so a column's name is itself
and a text is quoted: ``kind = "'paid'"``. Numbers and true or false stand for themselves.
"""

import codecs
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from sources.events import EVENT_TABLES, EventTable

Format = Literal["csv", "tsv", "whitespace", "fixed", "parquet", "jsonl"]
Type = Literal["text", "integer", "number", "time", "boolean"]
Value = str | int | float | bool

ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "whitespace",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
TABLES = {table.name: table for table in EVENT_TABLES}
LENGTHS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


class BadMapping(ValueError):  # noqa: N818
    """The mapping file asks for something that is not there or means nothing."""


def _as_delay(text: object) -> object:
    """``6h``, ``1d12h``, ``90m``, ``30s`` as a length of time."""
    if not isinstance(text, str):
        return text
    parts = re.findall(r"(\d+)([dhms])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise ValueError(f"{text!r} is no length of time; write for example '6h' or '1d12h'")
    return timedelta(**{LENGTHS[unit]: int(number) for number, unit in parts})


def _as_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"no time zone {name!r}; write for example 'Europe/Madrid'") from None
    return name


Delay = Annotated[timedelta, BeforeValidator(_as_delay)]
Zone = Annotated[str, AfterValidator(_as_zone)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FixedColumn(_Section):
    """One column of fixed-width text: ``width`` characters from ``start``, counted from 1."""

    name: str
    start: int = Field(ge=1)
    width: int = Field(ge=1)


class SourceFile(_Section):
    """A file, or a pattern that finds several, and how it is written."""

    file: str
    #: Guessed from the file's ending where absent.
    format: Format | None = None
    separator: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str = "utf-8"
    #: Whether the first line names the columns. Fixed-width text has no such line unless told.
    has_header: bool | None = None
    #: Names of the columns, in place of a header's or where there is none.
    names: tuple[str, ...] = ()
    fixed: tuple[FixedColumn, ...] = ()

    @property
    def written_as(self) -> Format | None:
        """Its format as told, or as its ending says; ``None`` if neither does."""
        return self.format or ENDINGS.get(Path(self.file).suffix.lower())

    @property
    def starts_with_header(self) -> bool:
        """Whether the first line is not a row."""
        return self.written_as != "fixed" if self.has_header is None else self.has_header

    @model_validator(mode="after")
    def _columns_have_names(self) -> Self:
        if self.written_as is None:
            raise ValueError(f"the ending of {self.file!r} tells no format; add format = 'csv'")
        if (self.written_as == "fixed") != bool(self.fixed):
            raise ValueError("format = 'fixed' and fixed = [{name, start, width}] go together")
        if not (self.starts_with_header or self.names or self.fixed):
            raise ValueError("has_header = false needs names = ['...', ...]")
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise ValueError(f"no encoding {self.encoding!r}; write for example 'cp1252'") from None
        return self


class Join(SourceFile):
    """Columns of another file, looked up row by row.

    Attributes:
        on: The key's name, or ``{ours = "theirs"}``.
        take: ``{new_name = "their_column"}``.
        many: Whether the other file may have a key several times. A row then becomes one
            row for each; otherwise a key found twice is a fault.
    """

    on: str | dict[str, str]
    take: dict[str, str]
    many: bool = False

    @property
    def keys(self) -> dict[str, str]:
        """Our column to theirs."""
        return {self.on: self.on} if isinstance(self.on, str) else self.on


class Input(SourceFile):
    """One input of one event table.

    Attributes:
        optional: Whether the file may be missing; the table then counts as degraded.
        timezone: Where times without an offset were written down.
        time_formats: strptime formats, ``epoch_s`` or ``epoch_ms``; ISO 8601 where absent.
        known_after: ``known_at`` is ``happened_at`` plus this, unless it is mapped.
        types: Columns that expressions calculate with, and what they hold.
        where: Only rows for which this holds are events at all.
        reject: Rows that break the rules of this source: a name and when it is broken.
        join: Other files to look columns up in, in this order.
        event: The kinds of events that one row may hold, each at its own ``happened_at``.
            Columns given here come before those of the input.
        columns: Columns of the event table, each an expression.
    """

    optional: bool = False
    timezone: Zone = "UTC"
    time_formats: tuple[str, ...] = ()
    known_after: Delay = timedelta(0)
    types: dict[str, Type] = Field(default_factory=dict)
    where: str | None = None
    reject: dict[str, str] = Field(default_factory=dict)
    join: tuple[Join, ...] = ()
    event: tuple[dict[str, Value], ...] = ()
    columns: dict[str, Value] = Field(default_factory=dict)

    @property
    def events(self) -> tuple[dict[str, Value], ...]:
        """The expressions of each kind of event, at least one."""
        return tuple({**self.columns, **event} for event in self.event or ({},))


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """A mapping file, read and checked; its files have not been opened yet.

    Attributes:
        path: The file; paths in it are relative to its folder.
        tables: The inputs of each event table that has any.
        settings: The section ``[settings]`` as it stands.
    """

    path: Path
    tables: dict[str, tuple[Input, ...]]
    settings: dict[str, Any] = field(default_factory=dict)

    def fingerprint(self, table: str) -> str:
        """Changes when the table's events do, not when its files lie somewhere else."""
        moved = {"file", "optional"}
        told = [one.model_dump(mode="json", exclude=moved) for one in self.tables[table]]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def read_mapping(path: Path) -> SourceMapping:
    """Read and check a mapping file.

    Raises:
        BadMapping: It is missing, is no TOML, or says something that means nothing.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadMapping(f"no mapping file at {path}; give the path of a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMapping(f"{path} is no TOML: {error}") from None
    settings, timezone = told.pop("settings", {}), told.pop("timezone", "UTC")
    tables = {}
    for name, section in told.items():
        where = f"{path.name}, section [{name}]"
        if name not in TABLES:
            raise BadMapping(f"{where}: no such event table{or_rather(name, TABLES)}")
        inputs = section if isinstance(section, list) else [section]
        tables[name] = tuple(_as_input(TABLES[name], one, timezone, where) for one in inputs)
    if not tables:
        raise BadMapping(f"{path.name} maps no event table; start a section for one of {[*TABLES]}")
    return SourceMapping(path, tables, settings)


def or_rather(asked: str, known: Iterable[str]) -> str:
    """The end of an error message: the closest names that exist, or all of them."""
    known = list(known)
    close = get_close_matches(asked, known, n=3, cutoff=0.5) or get_close_matches(
        asked.lower(), known, n=3, cutoff=0.4
    )
    return f"; did you mean {', '.join(close)}?" if close else f"; there is {', '.join(known)}"


def expand(file: str, mapping: Path) -> Path:
    """A file of the mapping as a path: variables filled in, relative to the mapping's folder."""
    filled = os.path.expandvars(file)
    if missing := re.search(r"\$\{?(\w+)\}?", filled):
        raise BadMapping(
            f"{mapping.name}: file {file!r} uses the environment variable {missing[1]}, "
            "which is not set; set it or write the path out"
        )
    return mapping.parent / Path(filled).expanduser()


def _as_input(table: EventTable, told: object, timezone: str, where: str) -> Input:
    """One input, its columns told from its options by the table's contract."""
    if not isinstance(told, dict):
        raise BadMapping(f"{where}: expected keys such as file = '...', found {told!r}")
    columns = {name: told[name] for name in table.schema if name in told}
    options = {name: value for name, value in told.items() if name not in columns}
    known = [*table.schema, *(name for name in Input.model_fields if name != "columns")]
    for name in options.keys() - set(known):
        raise BadMapping(f"{where}: no such key {name!r}{or_rather(name, known)}")
    for event in options.get("event", []):
        for name in event.keys() - set(table.schema):
            raise BadMapping(f"{where}, event: no column {name!r}{or_rather(name, table.schema)}")
    try:
        return Input.model_validate({"timezone": timezone, **options, "columns": columns})
    except ValidationError as error:
        raise BadMapping(f"{where}: {_in_words(error)}") from None


def _in_words(error: ValidationError) -> str:
    faults = (
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors()
    )
    return "; ".join(dict.fromkeys(faults))
