"""The mapping file: how a business's own tables become events. TOML, one section a table.

A column is a Polars SQL expression over the input's columns, so a column's name is itself
and a text is quoted: ``kind = "'paid'"``. Numbers and true or false stand for themselves.
"""

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from perdura.sources.events import EVENT_TABLES, SUBSCRIBERS, SUBSCRIPTIONS, EventTable
from perdura.sources.mapping.sections import Input, SourceFile
from perdura.sources.staged import StagedFrame, Unfetched

TABLES = {table.name: table for table in EVENT_TABLES}

#: Options of an input that mappings of before did not have; homes of before stay readable.
LATER = {
    "null_words",
    "decimal",
    "thousands",
    "currency_sign",
    "currency_digits",
    "normalise",
    "ends",
    "attributes",
    "group_by",
    "numbered",
    "series",
    "query",
    "query_file",
    "database",
}

#: Fingerprint of a table that only files beside the mapping tell of.
UNMAPPED = "beside"


class BadMapping(ValueError):
    """The mapping file asks for something that is not there or means nothing."""


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """A mapping file, read and checked; its files have not been opened yet.

    Attributes:
        path: The file; paths in it are relative to its folder.
        tables: The inputs of each event table that has any.
        settings: The section ``[settings]`` as it stands.
        beside: Parquet files that are no matter of the business's: one for some event tables, with
            the contract's columns.
        connections: The sections ``[connect.NAME]`` as they stand, by NAME.
        staged: What has been fetched of them, by ``NAME:frame``.
        versions: Of each connection that is fetched from what changes when its connector does.
    """

    path: Path
    tables: dict[str, tuple[Input, ...]]
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    beside: Mapping[str, Path] = field(default_factory=dict[str, Path])
    connections: Mapping[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    staged: Mapping[str, StagedFrame | Unfetched] = field(
        default_factory=dict[str, StagedFrame | Unfetched]
    )
    versions: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def inputs(self) -> dict[str, tuple[Input, ...]]:
        """The inputs of each event table, those beside the mapping among them."""
        ours = {name: (Input(file=str(path)),) for name, path in self.beside.items()}
        names = [*self.tables, *(name for name in ours if name not in self.tables)]
        tables = {
            name: tuple(one.with_staged(self.staged) for one in inputs)
            for name, inputs in self.tables.items()
        }
        return {name: (*tables.get(name, ()), *ours.get(name, ())) for name in names}

    @property
    def sources(self) -> list[SourceFile]:
        """Every input of every table, and every joined file."""
        inputs = [one for several in self.tables.values() for one in several]
        return [source for one in inputs for source in (one, *one.join)]

    @property
    def frames(self) -> dict[str, frozenset[str]]:
        """Which frames its inputs and joins name of each connection; no other is needed."""
        named = [source.frame for source in self.sources if source.frame]
        return {
            name: frozenset(frame for other, frame in named if other == name)
            for name in self.connections
            if any(other == name for other, _ in named)
        }

    def is_partial(self, table: str) -> bool:
        """Whether rows of a table that have not changed are not read again."""
        return any(one.watermark is not None for one in self.tables.get(table, ()))

    def tables_of(self, connection: str) -> list[str]:
        """The tables with an input or a join that names a frame of a connection."""
        return [
            name
            for name, inputs in self.tables.items()
            for one in inputs
            if any(source.frame and source.frame[0] == connection for source in (one, *one.join))
        ]

    def connectors_of(self, table: str) -> dict[str, str]:
        """The version of each connection that a table is read from, by its name."""
        return {name: one for name, one in self.versions.items() if table in self.tables_of(name)}

    def fingerprint(self, table: str) -> str:
        """Changes when what the mapping says of a table does, not when its files lie elsewhere.

        What lies beside it counts for nothing: it may come and go. So a table that the mapping
        says nothing of has ``UNMAPPED``.
        """
        if table not in self.tables:
            return UNMAPPED
        moved = {
            "file", "optional", "snapshot", "most_vanished", "known_share",
            "query_file", "database", "watermark", "overlap",
        }  # fmt: skip
        dumped: list[dict[str, Any]] = []
        for one in self.tables[table]:
            options = one.model_dump(mode="json", exclude=moved)
            # Options that came with later versions count only where they are used.
            unused = Input(file="any.csv").model_dump(mode="json", include=LATER)
            options["join"] = [
                {key: value for key, value in join.items() if key not in LATER or value is not None}
                for join in options["join"]
            ]
            used = {k: v for k, v in options.items() if k not in unused or v != unused[k]}
            dumped.append(used)
        return hashlib.sha256(json.dumps(dumped, sort_keys=True).encode()).hexdigest()[:16]


def read_mapping(path: Path) -> SourceMapping:
    """Read and check a mapping file.

    Raises:
        BadMapping: It is missing, is no TOML, or says something that means nothing.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadMapping(f"no mapping file at {path}; give the path of a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMapping(f"{path} is no TOML: {error}") from None
    settings, timezone = content.pop("settings", {}), content.pop("timezone", "UTC")
    connections = _connections(content.pop("connect", {}), path)
    tables: dict[str, tuple[Input, ...]] = {}
    for name, section in content.items():
        where = f"{path.name}, section [{name}]"
        if name not in TABLES:
            close = get_close_matches(name.lower(), TABLES, n=1, cutoff=0.5)
            meant = f"; did you mean {close[0]}?" if close else ";"
            known = f"{meant} the event tables are {', '.join(TABLES)}"
            raise BadMapping(f"{where}: no such event table{known}")
        inputs = cast("list[Any]", section) if isinstance(section, list) else [section]
        tables[name] = tuple(
            _as_input(TABLES[name], _with_query(one, path, where), timezone, where)
            for one in inputs
        )
    if not tables:
        names = ", ".join(f"[{name}]" for name in TABLES)
        raise BadMapping(
            f"{path.name} maps no event table; start a section for one of {names}, or let "
            "`perdura init` write a mapping"
        )
    mapping = SourceMapping(path, tables, settings, connections=connections)
    _refuse_unconnected(mapping)
    return mapping


def _connections(sections: object, path: Path) -> dict[str, dict[str, Any]]:
    """The sections ``[connect.NAME]``."""
    given = cast("dict[str, Any]", sections if isinstance(sections, dict) else {"": sections})
    for name, keys in given.items():
        if not isinstance(keys, dict):
            raise BadMapping(
                f"{path.name}, section [connect]: expected a section for each source, such as "
                f"[connect.stripe] with folder = '...', found the key {name!r}"
            )
    return given


def _with_query(keys: object, path: Path, where: str) -> object:
    """The keys of an input with the queries that files of their own hold, its joins' too."""
    if not isinstance(keys, dict):
        return keys
    section = cast("dict[str, Any]", keys)
    if isinstance(joins := section.get("join"), list):
        joined = [_with_query(one, path, where) for one in cast("list[object]", joins)]
        section = {**section, "join": joined}
    if "query_file" not in section:
        return section
    if "query" in section:
        raise BadMapping(f"{where}: query and query_file are both there; keep one")
    file = expand(str(section["query_file"]), path)
    try:
        return {**section, "query": file.read_text("utf-8")}
    except (OSError, UnicodeDecodeError):
        raise BadMapping(f"{where}: there is no query_file {file}, or it is no text") from None


def _refuse_unconnected(mapping: SourceMapping) -> None:
    for source in mapping.sources:
        if source.frame and source.frame[0] not in mapping.connections:
            name = source.frame[0]
            there = f"; there is {', '.join(mapping.connections)}" if mapping.connections else ""
            raise BadMapping(
                f"{mapping.path.name}: file {source.file!r} is a frame of [connect.{name}], and "
                f"there is no such section{there}; write [connect.{name}] and where its data are"
            )


def or_rather(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the closest names that exist, or all of them."""
    known = list(known)
    close = get_close_matches(name, known, n=3, cutoff=0.5) or get_close_matches(
        name.lower(), known, n=3, cutoff=0.4
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


def source_files(mapping: SourceMapping) -> list[Path]:
    """Every file that a mapping names and that is there, and the folders of its connectors."""
    options = [keys.get("folder") for keys in mapping.connections.values()]
    named = [expand(folder, mapping.path) for folder in options if isinstance(folder, str)]
    folders = {folder.absolute() for folder in named if folder.is_dir()}
    wanted = [expand(one.file, mapping.path) for one in mapping.sources if not one.fetched_as]
    found = {path.absolute() for file in wanted for path in file.parent.glob(file.name)}
    return sorted(found | folders)


def _as_input(table: EventTable, keys: object, timezone: str, where: str) -> Input:
    """One input, its columns told from its options by the table's contract."""
    if not isinstance(keys, dict):
        raise BadMapping(f"{where}: expected keys such as file = '...', found {keys!r}")
    section = cast("dict[str, Any]", keys)
    _refuse_unknown(table, section, where)
    columns = {name: section[name] for name in table.schema if name in section}
    options = {name: value for name, value in section.items() if name not in columns}
    try:
        source = Input.model_validate({"timezone": timezone, **options, "columns": columns})
    except ValidationError as error:
        faults = (
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        )
        raise BadMapping(f"{where}: {'; '.join(dict.fromkeys(faults))}") from None
    if source.snapshot and table is not SUBSCRIPTIONS:
        raise BadMapping(
            f"{where}: snapshot = true is for [{SUBSCRIPTIONS.name}]; of {table.name} "
            "that are told otherwise the newest version counts without it"
        )
    return source


def _refuse_unknown(table: EventTable, section: dict[str, Any], where: str) -> None:
    """Refuse keys that no input of the table has, and columns that its events have not."""
    known = [*table.schema, *(name for name in Input.model_fields if name != "columns")]
    for name in section.keys() - set(known):
        raise BadMapping(f"{where}: no such key {name!r}{or_rather(name, known)}")
    if section.get("ends") == "inclusive" and table is not SUBSCRIPTIONS:
        raise BadMapping(f"{where}: ends = 'inclusive' is for [{SUBSCRIPTIONS.name}]")
    if "attributes" in section and table is not SUBSCRIBERS:
        raise BadMapping(f"{where}: attributes = [...] is for [{SUBSCRIBERS.name}]")
    named = [("normalise", name) for name in section.get("normalise", {})]
    named += [("event", name) for event in section.get("event", []) for name in event]
    for key, name in named:
        if name not in table.schema:
            raise BadMapping(f"{where}, {key}: no column {name!r}{or_rather(name, table.schema)}")
