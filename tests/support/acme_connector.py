"""The smallest connector there can be: objects as JSON lines, a file for each kind."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.sources.connectors.connection import Connection, Options
from perdura.sources.connectors.connector import Frame
from perdura.sources.staged import BROKEN_ROWS

SCHEMAS = {
    "charges": {"id": pl.String, "person": pl.String, "at": pl.String, "amount": pl.Int64},
    "people": {"id": pl.String, "customer": pl.String},
    "disputes": {"id": pl.String, "at": pl.String},
}


class AcmeOptions(Options):
    folder: str
    key: str | None = None


class Acme:
    frames = (*SCHEMAS,)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.folder = connection.folder(connection.read_options(AcmeOptions).folder)

    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame]:
        files = {name: self.folder / f"{name}.jsonl" for name in self.frames}
        return {name: self._frame(name, file) for name, file in files.items() if file.exists()}

    def _frame(self, name: str, path: Path) -> Frame:
        rows: list[dict[str, object]] = []
        broken: list[dict[str, object]] = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            place = {"file": self.connection.shown(path), "row": number}
            try:
                rows.append(json.loads(line) | place)
            except ValueError:
                broken.append({"rule": "cut_off", **place, "text": line})
        schema = {**SCHEMAS[name], "file": pl.String, "row": pl.UInt32}
        return Frame(
            pl.LazyFrame(rows, schema=schema),
            pl.DataFrame(broken, schema=BROKEN_ROWS),
            notes=("tiers are approximated: 1 charge",) if name == "charges" else (),
        )


def connect(connection: Connection) -> Acme:
    return Acme(connection)
