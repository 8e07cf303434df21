"""Text split into columns: each line is a row or is told as broken, and values stay as written."""

import csv
import io
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.mapping.files.delimited import split_text
from perdura.sources.mapping.files.lines import ROW, ends_whole, read_lines
from perdura.sources.mapping.files.quotes import join_quoted
from perdura.sources.mapping.sections import Format, SourceFile

values = st.text('ab ";,\n\té€0', max_size=5)


def split(text: str | bytes, kind: Format = "csv", **keys: Any):
    source = SourceFile(file=f"a.{kind}", format=kind, **keys)
    return split_text(source, kind, text.encode() if isinstance(text, str) else text)


def rows(text: str, kind: Format = "csv", **keys: Any) -> list[tuple]:
    found = split(text, kind, **keys).rows
    return found.select(ROW, pl.exclude(ROW)).rows()


@given(
    table=st.lists(st.tuples(values, values, values), max_size=6),
    separator=st.sampled_from(";,\t"),
)
def test_what_the_standard_library_writes_is_read_back(table, separator):
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        [("a", "b", "c"), *table]
    )
    found = split(text.getvalue(), separator=separator)
    assert found.rows.select("a", "b", "c").rows() == [
        tuple(value or None for value in row) for row in table
    ]
    assert found.broken.is_empty()


@given(text=st.text('a,"\n ;', max_size=40))
def test_every_line_that_says_something_is_a_row_or_is_broken(text: str):
    found = split("x,y\n" + text, names=("x", "y"))
    lines = [line for line in text.split("\n") if line.strip(" ")]
    told = found.broken["text"].to_list()
    kept = found.rows.height
    spanned = sum(
        (value or "").count("\n") for name in ("x", "y") for value in found.rows[name]
    ) + sum(value.count("\n") for value in told)
    assert kept + len(told) <= len(lines) <= kept + len(told) + spanned
    assert not {*found.rows[ROW]} & {*found.broken[ROW]}


class TestRowsOfAKnownPlace:
    def test_a_row_is_numbered_by_its_line_from_1_blank_ones_counted(self):
        text = "a,b\n\n1,2\n  \n3,4\n"
        assert rows(text) == [(3, "1", "2"), (5, "3", "4")]

    def test_a_record_of_several_lines_is_numbered_by_its_first(self):
        assert rows('a,b\n"1\nx",2\n3,4\n') == [(2, "1\nx", "2"), (4, "3", "4")]

    def test_without_a_header_the_first_line_is_a_row(self):
        assert rows("1,2\n3,4", has_header=False, names=("a", "b")) == [
            (1, "1", "2"),
            (2, "3", "4"),
        ]

    def test_a_broken_line_keeps_its_number_and_its_text(self):
        found = split("a,b\n1,2\n1,2,3\n4\n5,6\n")
        assert found.rows[ROW].to_list() == [2, 5]
        assert found.broken.select(ROW, "text").rows() == [(3, "1,2,3"), (4, "4")]
        assert found.last == 5


def test_lines_are_one_record_only_with_the_right_number_of_fields():
    found = split('a,b\n1,"x\ny",3\n4,"x\ny"\n')
    assert found.rows.select(ROW, "a", "b").rows() == [(4, "4", "x\ny")]
    assert found.broken.select(ROW, "text").rows() == [(2, '1,"x'), (3, 'y",3')]


def test_an_empty_value_is_none_and_blanks_stay():
    assert rows('a,b\n"",x\n ,y\n') == [(2, None, "x"), (3, " ", "y")]


def test_a_quotation_mark_within_a_field_is_a_part_of_it():
    assert rows('a,b\n5"x" pipe,2\nx,y\n') == [(2, '5"x" pipe', "2"), (3, "x", "y")]


def test_a_mark_of_byte_order_belongs_to_no_name():
    assert {*split(b"\xef\xbb\xbfa,b\n1,2\n").rows.columns} == {"a", "b", ROW}


def test_names_of_the_mapping_go_before_those_of_the_header():
    assert split("a,b\n1,2\n", names=("x", "y")).rows.select("x", "y").rows() == [("1", "2")]


def test_the_separator_that_excel_states_is_read_unless_the_mapping_says_another():
    assert rows("sep=;\na;b\n1;2\n") == [(3, "1", "2")]
    assert rows('"SEP=|"\na|b\n1|2\n') == [(3, "1", "2")]
    assert rows("sep=;\na,b\n1,2\n", separator=",") == [(3, "1", "2")]


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("a,b,a\n1,2,3\n", "csv", "its header has 'a' twice; name its columns with names = "),
        ("a,b, a \n1,2,3\n", "csv", "its header has 'a' twice"),
        ("a;b;c\n1;2;3\n", "csv", "a single column by ',', and ';' stands between its names"),
        ("a;b;c\n1;2;3\n", "csv", 'write separator = ";"'),
        ("a\tb\n1\t2\n", "csv", 'write separator = "\\t"'),
        ("a,b\n1,2\n", "tsv", 'write separator = ","'),
        ("a,b\rc,d\n1,2\n", "csv", "its header holds a line end (a carriage return) within"),
        ("a a\n1 2\n", "whitespace", "its header has 'a' twice"),
    ],
)  # fmt: skip
def test_a_header_that_does_not_name_each_column_once(text: str, kind: Format, says: str):
    with pytest.raises(ValueError, match="header") as error:
        split(text, kind)
    assert says in str(error.value)


def test_a_header_of_one_column_may_be_all_there_is():
    assert rows("a\n1\n2\n") == [(2, "1"), (3, "2")]


class TestWhitespace:
    def test_any_blanks_stand_between_columns_and_around_them(self):
        assert rows("a b\n 1   2\n3\t4  \n", "whitespace") == [(2, "1", "2"), (3, "3", "4")]

    def test_too_few_or_too_many_words_are_broken(self):
        found = split("a b\n1\n1 2 3\n1 2\n", "whitespace")
        assert (found.rows[ROW].to_list(), found.broken[ROW].to_list()) == ([4], [2, 3])


FIXED = ({"name": "id", "start": 1, "width": 3}, {"name": "x", "start": 5, "width": 4})


class TestFixedWidth:
    def test_a_column_is_its_characters_without_blanks_whatever_their_bytes(self):
        assert rows("é1  ab c\nzz3    d\n", "fixed", fixed=FIXED) == [
            (1, "é1", "ab c"),
            (2, "zz3", "d"),
        ]

    def test_a_line_that_ends_before_its_last_column_is_broken_and_blanks_may_be_missing(self):
        found = split("abc ab\nabc\nabc    \n", "fixed", fixed=FIXED)
        assert found.rows.select(ROW, "x").rows() == [(1, "ab"), (3, None)]
        assert found.broken[ROW].to_list() == [2]

    @pytest.mark.parametrize(("end", "fits"), [("\n", True), ("", False)])
    def test_a_last_line_without_its_end_fits_only_in_its_full_width(self, end: str, fits: bool):
        found = split(f"abc abcd\nabc ab{end}", "fixed", fixed=FIXED)
        assert (found.rows.height == 2) is fits
        assert split("abc abcd\nabc abcd", "fixed", fixed=FIXED).rows.height == 2


@given(
    lines=st.lists(st.text('a,"', max_size=6), max_size=6),
    wanted=st.integers(1, 3),
)
def test_joining_lines_to_records_loses_none_and_keeps_their_order(lines, wanted):
    frame = read_lines("\n".join(lines).encode())
    joined = join_quoted(frame, wanted, ",")
    assert "\n".join(joined["text"]) == "\n".join(frame["text"])
    assert joined[ROW].is_sorted()
    for row, text in joined.select(ROW, "text").rows():
        assert frame["text"][row - 1] == text.split("\n")[0]


@pytest.mark.parametrize(
    ("text", "whole"),
    [(b"a\n", True), (b"a\r\n", True), (b"a\r", True), (b"a", False), (b"", False)],
)
def test_whether_the_last_line_has_its_end(text: bytes, whole: bool):
    assert ends_whole(text) is whole


def test_a_text_without_lines_has_no_rows():
    found = split("a,b\n")
    assert (found.rows.height, found.broken.height) == (0, 0)
    assert {*found.rows.columns} == {"a", "b", ROW}
