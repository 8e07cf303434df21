"""JSON of Zendesk's incremental exports as the things that it knows.

A file holds an object a line (``tickets.jsonl``), or pages of the API as they came:
``{"tickets": [...], "users": [...], "end_of_stream": true}``, side-loaded users among them.
"""

import re
from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path

import polars as pl

from perdura.json_values import as_objects, parse_object
from perdura.sources.connectors.connector import NotAsNeeded, Unavailable
from perdura.sources.connectors.needed_keys import ALMOST_ALL, absent_keys, absent_words
from perdura.sources.connectors.zendesk.exported import KEPT, SHAPES, objects_of
from perdura.sources.connectors.zendesk.json_files import json_rows
from perdura.sources.connectors.zendesk.objects import CHANGES, FIELDS, ObjectKind, Objects
from perdura.sources.connectors.zendesk.reading import set_aside
from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE

Shown = Callable[[Path], str]

ENDINGS = (".json", ".jsonl", ".ndjson")
#: How much of a file is looked at to see what it holds.
_HEAD = 65_536
#: What a file is called, those first whose names hold another's, and what its objects alone have.
_KINDS = {
    "satisfaction_ratings": ("satisfaction_rating", '"score":'),
    "ticket_events": ("ticket_event", '"child_events":'),
    "audits": ("audit", '"events":'),
    "organizations": ("organization", '"shared_tickets":'),
    "tickets": ("ticket", '"requester_id":'),
    "users": ("user", '"role":'),
}
#: Keys that each object of a kind needs, beside those without which it is refused by itself.
_NEEDED = {"tickets": ("requester_id", "status")}
#: How many lines of a file are looked at for the name that a key has now.
_LOOKED_AT = 20
_PAGE = {name: pl.List(pl.Struct(shape)) for name, shape in SHAPES.items()}
_PLACE = {FILE: pl.String(), ROW_IN_FILE: pl.UInt32()}
_NO_LINES = pl.DataFrame(schema=BROKEN_ROWS)
_IN_PAGES = re.compile(rf'"({"|".join(SHAPES)})"\s*:\s*\[')


def json_exports(folder: Path) -> list[Path]:
    """The files of JSON in a folder, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)


def exported_objects(files: list[Path], scratch: Path, shown: Shown) -> Objects:
    """The things that exported files hold, each kind set aside in ``scratch``.

    Raises:
        Unavailable: No file holds tickets, or they lack a key that they mean nothing without.
    """
    tables: dict[ObjectKind, list[pl.LazyFrame]] = {}
    broken: list[pl.DataFrame] = []
    has_tickets = False
    for number, file in enumerate(files):
        found, lines = _read(file, shown(file), scratch / f"json-{number}.parquet")
        broken.append(lines)
        for name, rows in found.items():
            _refuse_renamed(file, shown(file), name, rows)
            has_tickets |= name == "tickets"
            for kind, things in objects_of(name, rows):
                aside = scratch / f"{number}-{name}-{kind.name}.parquet"
                where = pl.col("field").is_in(FIELDS) if kind is CHANGES else None
                read, unread = set_aside(kind, things, aside, where)
                tables.setdefault(kind, []).append(read)
                broken.append(unread)
    if not has_tickets:
        raise Unavailable(
            f"no tickets in {', '.join(map(shown, files))}; export them too: a file named "
            'tickets.jsonl with one ticket a line, or pages {"tickets": [...]}'
        )
    return Objects({kind: pl.concat(found) for kind, found in tables.items()}, pl.concat(broken))


def _refuse_renamed(file: Path, shown: str, name: str, rows: pl.LazyFrame) -> None:
    """Nothing, if some objects have each key without which tickets are no subscriber's."""
    needed = _NEEDED.get(name, ())
    having = [pl.col(key).is_not_null().sum().alias(key) for key in needed]
    if not having:
        return
    counts = rows.select(pl.len().alias(ROW_IN_FILE), *having).collect().row(0, named=True)
    if not any(counts[key] * ALMOST_ALL < counts[ROW_IN_FILE] for key in needed):
        return
    with file.open(encoding="utf-8", errors="replace") as lines:
        parsed = [parse_object(line) or {} for line in islice(lines, _LOOKED_AT)]
    listed = [as_objects(one[name]) if name in one else [one] for one in parsed]
    absent = absent_keys([*chain(*listed)], ((key,) for key in needed), SHAPES[name])
    if words := absent_words(shown, name, absent):
        raise NotAsNeeded(words)


def _read(file: Path, shown: str, aside: Path) -> tuple[dict[str, pl.LazyFrame], pl.DataFrame]:
    """The objects of a file by kind, and its broken lines."""
    with file.open("rb") as opened:
        head = opened.read(_HEAD).decode(errors="replace")
    if not _IN_PAGES.search(head):
        by_name = (name for name, (word, _) in _KINDS.items() if word in file.stem.lower())
        by_key = (name for name, (_, key) in _KINDS.items() if key in head)
        name = next(chain(by_name, by_key), None)
        if name and not head.strip():
            return {name: pl.LazyFrame(schema={**SHAPES[name], **_PLACE})}, _NO_LINES
        if name is None:
            raise Unavailable(f"{shown} holds none of {', '.join(SHAPES)}; take it away")
        rows, broken = json_rows(file, SHAPES[name], shown, aside, KEPT)
        return {name: rows}, broken
    rows, broken = json_rows(file, _PAGE, shown, aside, KEPT)
    present = (
        rows.select(pl.col(name).list.len().sum() for name in SHAPES).collect().row(0, named=True)
    )
    return {
        name: rows.select(name, FILE, ROW_IN_FILE).explode(name).drop_nulls(name).unnest(name)
        for name, count in present.items()
        if count
    }, broken
