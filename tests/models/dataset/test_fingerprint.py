"""The fingerprint of a training set: equal for equal rows, another for any change of them."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.models.dataset.fingerprint import digest, fingerprint
from perdura.sources.events import MOMENT

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
FRAME = pl.DataFrame(
    {
        "subscriber_id": ["ann", "bea", "ann"],
        "as_of": pl.Series(
            [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 1, 2)], dtype=MOMENT
        ),
        "count": [1, None, 3],
        "score": [0.5, None, -0.25],
        "plan": ["pro", None, "año"],
        "churned": [True, False, None],
        "cause": ["payment", None, None],
    }
)

VALUES = {
    "whole": st.integers(-(2**40), 2**40),
    "number": st.floats(allow_nan=False),
    "text": st.text(max_size=4),
    "flag": st.booleans(),
}


@st.composite
def frames(draw) -> pl.DataFrame:
    """A frame of up to four rows of one kind of column, with nulls."""
    name = draw(st.sampled_from(sorted(VALUES)))
    values = draw(st.lists(st.none() | VALUES[name], max_size=4))
    kinds = {"whole": pl.Int64, "number": pl.Float64, "text": pl.String, "flag": pl.Boolean}
    return pl.DataFrame({name: pl.Series(values, dtype=kinds[name])})


@settings(max_examples=20)
@given(one=frames(), other=frames())
def test_two_frames_have_one_digest_only_if_they_are_equal(one, other):
    assert (digest(one) == digest(other)) is one.equals(other)


@settings(max_examples=10)
@given(frame=frames())
def test_the_digest_does_not_depend_on_how_the_frame_lies_in_memory(frame):
    pieces = pl.concat([frame[:1], frame[1:]], rechunk=False)
    assert digest(pieces) == digest(frame) == digest(frame.rechunk())


CHANGES = {
    "a value": pl.col("count") + 1,
    "a null for a value": pl.when(pl.col("count") != 3).then("count").alias("count"),
    "a value for a null": pl.col("count").fill_null(0),
    "a fraction": pl.col("score") + 1e-12,
    "a sign": -pl.col("score"),
    "a letter": pl.col("plan").str.to_uppercase(),
    "an accent": pl.col("plan").str.replace("ñ", "n"),
    "an empty text for a null": pl.col("plan").fill_null(""),
    "a microsecond": pl.col("as_of") + timedelta(microseconds=1),
    "a label": pl.col("churned").fill_null(value=False),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_any_change_of_a_value_is_another_digest(change):
    assert digest(FRAME.with_columns(change)) != digest(FRAME)


OTHERS = {
    "a name": FRAME.rename({"count": "counts"}),
    "the order of columns": FRAME.select(sorted(FRAME.columns)),
    "the order of rows": FRAME.reverse(),
    "a row less": FRAME.head(2),
    "a row twice": pl.concat([FRAME, FRAME.tail(1)]),
    "a column less": FRAME.drop("score"),
    "a column more": FRAME.with_columns(more=pl.lit(None)),
    "no rows": FRAME.head(0),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=list(OTHERS))
def test_any_change_of_names_and_positions_is_another_digest(other):
    assert digest(other) != digest(FRAME)


def test_texts_are_told_apart_by_where_they_end():
    one, other = (pl.DataFrame({"plan": texts}) for texts in (["ab", "c"], ["a", "bc"]))
    assert digest(one) != digest(other)


def test_a_digest_is_sixteen_hex_digits_and_the_same_in_every_year():
    assert digest(pl.DataFrame({"a": [1, 2], "b": ["x", None]})) == "8081b42a823b40ab"


def test_many_rows_are_read_in_pieces_and_none_is_skipped():
    long, row_index = pl.DataFrame({"n": range(250_000)}), pl.int_range(pl.len())
    for row in (0, 99_999, 100_000, 249_999):
        changed = long.with_columns(n=pl.when(row_index == row).then(-1).otherwise("n"))
        assert digest(changed) != digest(long), row


def test_the_counts_are_those_of_the_rows():
    found = fingerprint(FRAME, UNTIL)
    assert found.to_dict() | {"digest": ""} == {
        "rows": 3,
        "labelled": 2,
        "churned": 1,
        "churned_by_payment": 1,
        "subscribers": 2,
        "dates": 2,
        "first_as_of": "2026-01-01 00:00:00+00:00",
        "last_as_of": "2026-02-01 00:00:00+00:00",
        "known_until": "2026-11-01T00:00:00+00:00",
        "columns": 7,
        "digest": "",
    }
    assert found.digest == digest(FRAME)


def test_what_is_known_longer_is_another_fingerprint_of_the_same_rows():
    one, other = (fingerprint(FRAME, UNTIL + timedelta(days=days)) for days in (0, 1))
    assert one != other
    assert one.digest == other.digest
    assert one == fingerprint(FRAME.clone(), UNTIL)


def test_no_rows_have_a_fingerprint_too():
    found = fingerprint(FRAME.head(0), UNTIL)
    assert (found.rows, found.labelled, found.churned, found.first_as_of) == (0, 0, 0, "None")
