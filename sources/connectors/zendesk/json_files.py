"""Files of JSON as rows: an object a line, or whole; lines that cannot be read are set apart."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import polars as pl

from perdura.json_values import refuse_constant
from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE

#: The keys that are read of each object, and what they hold: texts, or lists of objects.
Shape = Mapping[str, pl.DataType]
#: Of a key, what is kept of its text, wherever it stands.
Kept = Mapping[str, Callable[[pl.Expr], pl.Expr]]

#: Characters kept of a line that cannot be read, up to its first comma: no name and no body.
_KEPT_TEXT = 40
#: What Polars raises of lines that are not what they are taken for.
_UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


class Misfit(ValueError):
    """A key holds something else than the shape says."""


def json_rows(
    file: Path, shape: Shape, shown: str, aside: Path, kept: Kept
) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """The objects of a file with the keys of the shape, and the lines that are none.

    The objects are written to ``aside``; a file of lines is never whole in memory, and only where a
    line cannot be read each is looked at by itself.

    Returns:
        The keys of the shape, ``FILE`` and ``ROW_IN_FILE``; and ``BROKEN_ROWS``.
    """
    broken = pl.DataFrame(schema=BROKEN_ROWS)
    try:
        _write(file, shape, aside, kept)
    except _UNREADABLE:
        lines = aside.with_suffix(".jsonl")
        odd = [(rule, shown, row, text) for rule, row, text in _mend(file, shape, lines)]
        broken = pl.DataFrame(odd, BROKEN_ROWS, orient="row")
        _write(lines, shape, aside, kept)
        lines.unlink()
    rows = pl.scan_parquet(aside, glob=False).with_columns(pl.lit(shown).alias(FILE))
    return rows.join(broken.lazy().select(ROW_IN_FILE), on=ROW_IN_FILE, how="anti"), broken


def _write(file: Path, shape: Shape, aside: Path, kept: Kept) -> None:
    rows = pl.scan_ndjson(file, schema=dict(shape), row_index_name=ROW_IN_FILE, row_index_offset=1)
    columns = (_narrow(pl.col(key), key, kind, kept).alias(key) for key, kind in shape.items())
    rows.select(*columns, ROW_IN_FILE).sink_parquet(aside, row_group_size=128_000)


def _narrow(value: pl.Expr, key: str, kind: pl.DataType, kept: Kept) -> pl.Expr:
    """What is kept of a value, and of all that it holds."""
    if isinstance(kind, pl.List):
        inner = cast("pl.DataType", kind.inner)
        return value.list.eval(_narrow(pl.element(), key, inner, kept))
    if not isinstance(kind, pl.Struct):
        return kept[key](value) if key in kept else value
    inside = (
        _narrow(pl.field(one.name), one.name, cast("pl.DataType", one.dtype), kept).alias(one.name)
        for one in kind.fields
        if one.name in kept or one.dtype != pl.String
    )
    return value.struct.with_fields(*inside)


def _mend(file: Path, shape: Shape, mended: Path) -> Iterator[tuple[str, int, str]]:
    """Write each object, as much of it as fits, a line each; the rule and place of other lines."""
    with mended.open("w", encoding="utf-8") as written:
        for row, (found, text) in enumerate(_objects(file), start=1):
            try:
                written.write(json.dumps(shaped(found, pl.Struct(dict(shape)))) + "\n")
            except Misfit:
                written.write("{}\n")
                is_whole = not text or text.endswith("\n")
                yield (
                    "broken_line" if is_whole else "cut_off",
                    row,
                    text.split(",", 1)[0][:_KEPT_TEXT],
                )


def _objects(file: Path) -> Iterator[tuple[Any, str]]:
    """Each line's value and text; of a file that is one JSON text over several lines its items."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        if not isinstance(_value(lines.readline()), dict):
            whole = _value(file.read_text("utf-8", errors="replace"))
            if whole is not None:
                items = cast("list[Any]", whole) if isinstance(whole, list) else [whole]
                yield from ((item, "") for item in items)
                return
        lines.seek(0)
        yield from ((_value(line), line) for line in lines if line.strip())


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return None


def shaped(value: Any, kind: pl.DataType) -> Any:
    """The fields of a kind that a value has, with texts where the kind says so.

    Raises:
        Misfit: It is no object, or holds no list of objects where one should be.
    """
    if isinstance(kind, pl.String):
        return value if value is None or isinstance(value, str) else json.dumps(value)
    if isinstance(kind, pl.Struct):
        if not isinstance(value, dict):
            raise Misfit
        own = cast("dict[str, Any]", value)
        return {
            f.name: shaped(own[f.name], cast("pl.DataType", f.dtype))
            for f in kind.fields
            if f.name in own
        }
    if value is None:
        return None
    if not isinstance(value, list) or not isinstance(kind, pl.List):
        raise Misfit
    return [shaped(item, cast("pl.DataType", kind.inner)) for item in cast("list[Any]", value)]
