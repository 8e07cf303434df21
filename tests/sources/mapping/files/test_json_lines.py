"""JSON lines: one object a line, each read as Python's own reader does; no line spoils another."""

import json
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.mapping.files.json_lines import split_json
from perdura.sources.mapping.files.lines import ROW

#: Two rows beside which whatever is tested has to stand.
FIRST, LAST = '{"id": "a", "n": 1}', '{"id": "z", "n": 2}'


def beside(line: str | bytes):
    raw = line.encode() if isinstance(line, str) else line
    return split_json(b"\n".join([FIRST.encode(), raw, LAST.encode(), b""]))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
                "n": st.integers(-(2**63), 2**63 - 1) | st.none(),
                "ok": st.booleans() | st.none(),
            }
        ),
        min_size=1,
        max_size=6,
    )
)
def test_objects_of_one_kind_are_read_as_they_are(objects):
    text = "\n".join(json.dumps(one) for one in objects).encode()
    found = split_json(text)
    assert found.broken.is_empty()
    assert found.rows.select("id", "n", "ok").to_dicts() == objects
    assert found.rows[ROW].to_list() == list(range(1, len(objects) + 1))


@given(
    st.lists(
        st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text("ab1 ", max_size=3)
        | st.floats(allow_nan=False, allow_infinity=False),
        min_size=2,
        max_size=5,
    ).filter(lambda found: any(isinstance(one, str) for one in found))
)  # fmt: skip
def test_values_that_do_not_go_together_are_texts_with_all_their_digits(found):
    text = "\n".join(json.dumps({"x": one}) for one in found).encode()
    read = split_json(text).rows["x"].to_list()
    for value, as_text in zip(found, read, strict=True):
        if value is None or isinstance(value, str):
            assert as_text == value
        elif isinstance(value, float):
            assert math.isclose(float(as_text), value)
        else:
            assert json.loads(as_text) == value


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "b", "id": "c"}',  # which of the two?
        '{"id": "b", "n": {"x": 1, "x": 2}}',
        '{"id": NaN}',
        '{"id": Infinity}',
        '{"id": "b"',
        "[1, 2]",
        '"text"',
        "17",
        "null",
        "{id: 1}",
        '{"id": "b"} {"id": "c"}',
        "[" * 100_000,
    ],
)
def test_a_line_that_is_no_object_is_broken_alone(line: str):
    found = beside(line)
    assert found.rows.select(ROW, "id").rows() == [(1, "a"), (3, "z")]
    assert found.broken.select(ROW, "text", "undecodable").rows() == [(2, line, False)]


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("no UTF-8", b'{"id": "caf\xe9"}'),
        ("no UTF-8 in a value that is not read", b'{"id": "b", "other": "\xff"}'),
        ("half of a character, written out", b'{"id": "b\\ud83d"}'),
        ("the other half", b'{"id": "b\\ude00"}'),
    ],
)
def test_a_line_with_bytes_that_are_no_text_is_told_as_that(what: str, line: bytes):
    found = beside(line)
    assert found.rows["id"].to_list() == ["a", "z"]
    assert found.broken.select(ROW, "undecodable").rows() == [(2, True)]


def test_both_halves_of_a_character_are_one():
    found = beside('{"id": "\\ud83d\\ude00", "n": 3}')
    assert found.rows["id"].to_list() == ["a", "\U0001f600", "z"]
    assert found.broken.is_empty()


def test_a_key_that_stands_in_some_lines_is_null_in_the_others():
    found = split_json(b'{"a": 1}\n\n{"b": "x"}\n{"a": 3, "b": null}\n').rows
    assert found.select(ROW, "a", "b").rows() == [(1, 1, None), (3, None, "x"), (4, 3, None)]


def test_a_key_that_looks_as_if_it_stood_twice_is_read():
    line = json.dumps({"id": 'say "id": twice', "n": 4})
    assert beside(line).rows["id"].to_list() == ["a", 'say "id": twice', "z"]


def test_an_object_stays_one():
    rows = split_json(b'{"who": {"id": "a", "tags": ["x", "y"]}}\n').rows
    assert rows["who"].to_list() == [{"id": "a", "tags": ["x", "y"]}]


@pytest.mark.parametrize("text", [b"", b"\n\n", b"nothing\n"])
def test_a_file_without_objects_has_no_rows(text: bytes):
    found = split_json(text)
    assert found.rows.drop(ROW, strict=False).is_empty()
    assert found.broken.height == (1 if text.strip() else 0)


def test_whole_numbers_past_64_bits_are_texts():
    rows = split_json(f'{{"x": {2**63}}}\n{{"x": 1}}\n{{"x": "a"}}\n'.encode()).rows
    assert rows["x"].to_list() == [str(2**63), "1", "a"]
    assert rows.schema["x"] == pl.String
