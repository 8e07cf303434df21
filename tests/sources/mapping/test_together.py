"""Files of one input read as one: rows of all, none twice, each at its own place."""

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.landing.landing import REJECTED
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.files.part import BadSource, FilePart
from perdura.sources.mapping.together import together

rows = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1)), max_size=5)


def part(name: str, some: Sequence[tuple[str, float]], **types: type[pl.DataType]) -> FilePart:
    schema = {"who": pl.String, "n": pl.Int64} | types
    frame = pl.DataFrame(some, schema=schema, orient="row").with_row_index(ROW, offset=1)
    return FilePart(name, frame.lazy(), pl.DataFrame(schema=REJECTED))


def by_hand(files: list[list[tuple[str, int]]]) -> list[tuple[str, int]]:
    """The rows of all: of each as many as the file that has most of them."""
    found: list[tuple[str, int]] = []
    for file in files:
        for number, one in enumerate(file):
            if file[: number + 1].count(one) > found.count(one):
                found.append(one)
    return found


@given(st.lists(rows, min_size=1, max_size=4))
def test_a_row_that_stands_in_an_earlier_file_too_is_left_out_and_copies_within_one_stay(files):
    parts = [part(f"f{number}", some) for number, some in enumerate(files)]
    found = together(parts)
    assert found.frame.select("who", "n").collect().rows() == by_hand(files)
    assert found.repeated == sum(map(len, files)) - len(by_hand(files))


@given(st.lists(rows.filter(bool), min_size=1, max_size=4))
def test_each_row_is_found_again_in_its_own_file(files):
    parts = [part(f"f{number}", some) for number, some in enumerate(files)]
    found = together(parts)
    file, row = found.places
    told = found.frame.select("who", "n", file.alias("file"), row.alias("row")).collect()
    for who, number, name, place in told.rows():
        assert files[int(name[1:])][place - 1] == (who, number)
    assert told.select("file", "row").is_unique().all()


def test_numbers_of_rows_go_on_from_file_to_file_and_the_name_says_how_many():
    found = together([part("a", [("x", 1), ("y", 2)]), part("b", [("z", 3)]), part("c", [])])
    assert found.frame.collect()[ROW].to_list() == [1, 2, 3]
    assert found.file == "a and 2 more"
    assert found.pieces == (("a", 0), ("b", 2), ("c", 3))


def test_a_column_that_one_file_has_is_null_in_the_others():
    more = pl.DataFrame({ROW: [1], "who": ["x"], "n": [1], "extra": ["e"]}).lazy()
    found = together([part("a", [("x", 1)]), FilePart("b", more, pl.DataFrame(schema=REJECTED))])
    assert found.frame.collect()["extra"].to_list() == [None, "e"]


def test_a_column_of_another_type_is_refused_with_both_files():
    with pytest.raises(BadSource) as error:
        together([part("a", [("x", 1)]), part("b", [("x", 1.0)], n=pl.Float64)])
    assert str(error.value).startswith("'n' is Int64 in a and Float64 in b, and their rows are")
    assert str(error.value).endswith("or give each an input of its own")
