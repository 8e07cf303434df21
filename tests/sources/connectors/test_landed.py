"""Tables that were landed or exported: each row is read, or refused with its place."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.connectors.connection import Connection
from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.landed import ReadTable, read_table

COLUMNS = {"id": "text", "at": "time", "amount": "number", "gone": "flag", "more": "text"}
Read = Callable[..., ReadTable | None]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def made(files: dict[str, str | pl.DataFrame], required: tuple[str, ...] = ("id",)):
        for name, content in files.items():
            path = tmp_path / "t" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, pl.DataFrame):
                content.write_parquet(path)
            else:
                path.write_text(content)
        own = Connection("x", "x", {}, tmp_path / "m.toml", scratch=tmp_path / "scratch")
        return read_table(own, tmp_path / "t", "orders", COLUMNS, required)  # pyright: ignore[reportArgumentType]

    return made


def test_every_line_is_a_row_or_refused_by_its_rule_and_place(read: Read):
    text = (
        "\ufeffID,at,amount,gone,note\n"
        'a,2026-01-01,1.50,true,"two\nlines, and ""quotes"""\n'
        "b,never,1,false,x\n"
        "c,2026-01-01,1.5.0,false,x\n"
        "d,2026-01-01,1,perhaps,x\n"
        ",2026-01-01,1,false,x\n"
        "e,2026-01-01,1,false,x,y\n"
        "\n"
        "f,,,,\n"
        "g,2026"
    )
    found = read({"orders.csv": text})
    assert found is not None
    rows = found.rows.select("id", "amount", "gone", "more", "file", "row").collect().rows()
    assert rows == [
        ("a", 1.5, True, None, "t/orders.csv", 2),
        ("f", None, None, None, "t/orders.csv", 10),
    ]
    broken = found.broken.sort("row").select("rule", "row").rows()
    assert broken == [
        ("unparseable_time", 4),
        ("bad_type", 5),
        ("bad_type", 6),
        ("missing_required", 7),
        ("broken_line", 8),
        ("broken_line", 11),
    ]
    assert '"amount":"1.5.0"' in found.broken.filter(pl.col("row") == 5)["text"].item()


def test_a_table_is_found_by_its_name_in_all_its_files(read: Read):
    part = pl.DataFrame({"ID": ["p"], "Amount": [2.5], "Gone": [False]})
    found = read({
        "orders_data.csv": "id\nc\n",
        "ORDERS/a.parquet": part,
        "ORDERS/b.csv": "id\nd\n",
        "orders_old.csv": "id\nno\n",
        "orders.txt": "id\nno\n",
    })  # fmt: skip
    assert found is not None
    rows = found.rows.sort("id").select("id", "amount", "gone", "file", "row").collect().rows()
    assert rows == [
        ("c", None, None, "t/orders_data.csv", 2),
        ("d", None, None, "t/ORDERS/b.csv", 2),
        ("p", 2.5, False, "t/ORDERS/a.parquet", 1),
    ]


def test_a_table_without_a_file_is_none_and_an_empty_file_lacks_its_columns(read: Read):
    assert read({"other.csv": "id\n"}) is None
    with pytest.raises(Unavailable, match=r"orders.csv has no column 'id'; there is none"):
        read({"orders.csv": ""})
    assert read({"orders.csv": ""}, ()) is not None


@pytest.mark.parametrize("content", ["ident,at\n1,2\n", pl.DataFrame({"ident": ["1"]})])
def test_a_column_that_is_not_there_is_named_with_the_closest(read: Read, content):
    name = "orders.csv" if isinstance(content, str) else "orders.parquet"
    with pytest.raises(Unavailable, match=rf"t/{name} has no column 'id'; did you mean ident"):
        read({name: content})


def test_a_long_field_and_half_a_character_are_no_error(read: Read):
    found = read({"orders.csv": "id,more\na," + "é😀<b>" * 60_000 + "\n"})
    assert found is not None
    assert found.rows.collect()["more"].str.len_chars().item() == 300_000
