"""Columns of other files: found by their keys as ids are read, row by row, or told as missing."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.mapping.expressions import NoColumn
from perdura.sources.mapping.files.part import BadSource
from perdura.sources.mapping.joins import with_joins
from perdura.sources.mapping.mapping import BadMapping
from perdura.sources.mapping.sections import Join

keys = st.sampled_from(["1", "2", "17850", "17850.0", "x", "", None])


def joined(folder: Path, rows: dict, other: str | dict, **how) -> list[dict]:
    join = Join(**({"file": "o.csv", "on": "k", "take": {"v": "v"}} | how))
    path = folder / join.file
    if isinstance(other, dict):
        pl.DataFrame(other).write_parquet(path)
    else:
        path.write_text(other)
    frame = pl.LazyFrame(rows)
    return with_joins(frame, [join], folder / "m.toml", "m.toml, section [x]").collect().to_dicts()


@given(ours=st.lists(keys, min_size=1, max_size=6), theirs=st.lists(keys, max_size=4, unique=True))
def test_each_row_has_what_the_other_file_says_of_its_key(tmp_path_factory, ours, theirs):
    folder = tmp_path_factory.mktemp("join")

    def as_read(key: str | None) -> str | None:
        return key.removesuffix(".0") if key else None

    if len({as_read(key) for key in theirs}) < len(theirs):
        theirs = ["1", "17850.0"]
    values = {as_read(key): f"v{number}" for number, key in enumerate(theirs) if as_read(key)}
    text = "k,v\n" + "".join(f"{key or ''},v{number}\n" for number, key in enumerate(theirs))
    frame = {
        "row": [*range(len(ours))],
        "k": pl.Series([key or None for key in ours], dtype=pl.String),
    }
    found = joined(folder, frame, text)
    assert [row["v"] for row in found] == [values.get(as_read(key)) for key in ours]
    assert [row["row"] for row in found] == [*range(len(ours))]


@pytest.mark.parametrize(
    "theirs",
    [pl.Series([17850]), pl.Series([17850.0]), pl.Series(["17850"]), pl.Series(["17850.0"])],
)
@pytest.mark.parametrize("ours", [[17850], [17850.0], ["17850"], ["17850.0"]])
def test_a_key_is_one_whatever_types_the_files_have(tmp_path: Path, ours: list, theirs: pl.Series):
    other = {"k": theirs, "v": ["found"]}
    assert joined(tmp_path, {"k": ours}, other, file="o.parquet")[0]["v"] == "found"


def test_a_key_may_be_an_expression_on_either_side(tmp_path: Path):
    on = {"LOWER(TRIM(mail))": "LOWER(email)"}
    rows = {"mail": [" Ann@X.org", None, "bob@x.org"]}
    found = joined(tmp_path, rows, "email,v\nANN@x.ORG,a\n", on=on)
    assert [row["v"] for row in found] == ["a", None, None]


def test_several_columns_may_be_one_key(tmp_path: Path):
    on = {"shop": "s", "no": "n"}
    rows = {"shop": ["a", "a", "b"], "no": ["1", "2", "1"]}
    found = joined(tmp_path, rows, "s,n,v\na,1,x\nb,1,y\n", on=on)
    assert [row["v"] for row in found] == ["x", None, "y"]


def test_of_a_key_that_stands_several_times_a_row_becomes_several_only_where_told(tmp_path: Path):
    text = "k,v\n1,a\n1,b\n2,c\n"
    found = joined(tmp_path, {"k": ["1", "2", "3"]}, text, many=True)
    assert [(row["k"], row["v"]) for row in found] == [
        ("1", "a"), ("1", "b"), ("2", "c"), ("3", None),
    ]  # fmt: skip
    with pytest.raises(BadSource, match=r"2 rows share their key \['k'\] with others") as error:
        joined(tmp_path, {"k": ["1"]}, text)
    assert str(error.value).endswith("needs each key once, or many = true")


def test_a_key_written_as_a_float_and_as_itself_stands_twice(tmp_path: Path):
    with pytest.raises(BadSource, match="2 rows share their key"):
        joined(tmp_path, {"k": ["1"]}, "k,v\n17850,a\n17850.0,b\n")


def test_rows_of_the_other_file_without_a_key_are_no_matter(tmp_path: Path):
    assert joined(tmp_path, {"k": [None, "1"]}, "k,v\n,a\n,b\n1,c\n")[1]["v"] == "c"
    assert joined(tmp_path, {"k": pl.Series([None], dtype=pl.String)}, "k,v\n,a\n")[0]["v"] is None


def test_words_for_nothing_of_the_other_file_are_none(tmp_path: Path):
    found = joined(tmp_path, {"k": ["1"]}, "k,v\n1,NULL\n", null_words=("NULL",))
    assert found[0]["v"] is None


@pytest.mark.parametrize(
    ("how", "error", "says"),
    [
        ({"take": {"k": "v"}}, BadMapping, "take: there is a column 'k' already"),
        ({"take": {"v": "w"}}, NoColumn, "take = '\"w\"' reads a column 'w', which is not there"),
        ({"on": {"k": "key"}}, NoColumn, "reads a column 'key', which is not there"),
        ({"on": {"id": "k"}}, NoColumn, "reads a column 'id', which is not there"),
    ],
)
def test_what_is_not_there_is_told_with_the_place(tmp_path: Path, how: dict, error, says: str):
    with pytest.raises(error) as caught:
        joined(tmp_path, {"k": ["1"]}, "k,v\n1,a\n", **how)
    assert str(caught.value).startswith("m.toml, section [x], join o.csv: ")
    assert says in str(caught.value)


def test_a_joined_file_that_is_missing_or_empty_is_told(tmp_path: Path):
    with pytest.raises(BadSource, match=r"m.toml, section \[x\]: join: no file 'o.csv' in"):
        joined(tmp_path, {"k": ["1"]}, "")
