"""Files of landed tables, their columns as text: Parquet, or CSV row by row."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from perdura.sources.connectors.cells import Kind, as_text
from perdura.sources.connectors.connection import or_rather
from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.rows import RowWriter
from perdura.sources.staged import FILE, ROW_IN_FILE


def scan_parquet_table(
    file: Path, shown: str, columns: Mapping[str, Kind], required: Sequence[str]
) -> pl.LazyFrame:
    """The rows of Parquet with these columns, and where each stands.

    Raises:
        Unavailable: It lacks a required column.
    """
    frame = pl.scan_parquet(file, glob=False, row_index_name=ROW_IN_FILE, row_index_offset=1)
    schema = frame.collect_schema()
    names = {name.lower(): name for name in schema}
    _refuse_without([*names], required, shown)
    texts = {low: as_text(pl.col(name), schema[name]) for low, name in names.items()}
    for name in names.keys() & columns.keys():
        if columns[name] == "filled":
            texts[name] = pl.when(texts[name].str.strip_chars() != "").then(pl.lit("1"))
    return frame.select(
        *(
            (texts[name] if name in names else pl.lit(None, pl.String)).alias(name)
            for name in columns
        ),
        pl.lit(shown).alias(FILE),
        pl.col(ROW_IN_FILE).cast(pl.UInt32),
    )


def read_csv_table(
    file: Path, shown: str, columns: Mapping[str, Kind], required: Sequence[str], texts: RowWriter
) -> None:
    """Its rows into ``texts``, each under its line; lines that are no rows are refused.

    Raises:
        Unavailable: It lacks a required column.
    """
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        csv.field_size_limit(2**31 - 1)
        reader = csv.reader(lines)
        header = [name.strip().lower() for name in next(reader, list[str]())]
        _refuse_without(header, required, shown)
        places = [(name, header.index(name)) for name in columns if name in header]
        filled = [name for name in columns if columns[name] == "filled"]
        line = reader.line_num + 1
        for fields in reader:
            if len(fields) == len(header):
                values = {name: fields[at] for name, at in places}
                texts.add(values | {name: values.get(name) and "1" for name in filled}, shown, line)
            elif fields:
                texts.refuse("broken_line", ",".join(fields), shown, line)
            line = reader.line_num + 1


def _refuse_without(names: Sequence[str], required: Sequence[str], file: str) -> None:
    for column in required:
        if column not in names:
            raise Unavailable(
                f"{file} has no column {column!r}{or_rather(column, names)}; was it renamed?"
            )
