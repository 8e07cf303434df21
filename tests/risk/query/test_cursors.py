"""A cursor opens the page that it was given with, and nothing else."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from perdura.risk.night import Night
from perdura.risk.query.cursors import BadCursor, NightChanged, cursor, is_text, position_of


def night(fingerprint: str) -> Night:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    values: dict[str, Any] = {"rows": 1, "model_version": "7", "language": "en", "degraded": []}
    values |= {"scored_on": date(2026, 3, 2), "published_at": moment, "valid_until": moment}
    return Night(**values, fingerprint=fingerprint)


NIGHT, QUESTION = night("abc"), ("high", None, ("active",))
STORABLE = st.text().filter(is_text)
POSITION = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e15, 1e15), STORABLE
)


@given(position=POSITION)
def test_the_word_for_a_position_leads_back_to_it(position):
    word = cursor(NIGHT, QUESTION, position)
    assert position_of(word, NIGHT, QUESTION) == position
    assert word.isascii()
    assert not set(word) & set("=+/&?# ")  # it stands in an address as it is


@given(position=POSITION, other=st.text(max_size=3))
def test_in_another_question_it_is_none(position, other):
    word = cursor(NIGHT, QUESTION, position)
    with pytest.raises(BadCursor, match="not given with a page of this question"):
        position_of(word, NIGHT, (*QUESTION, other))


@given(position=POSITION)
def test_of_another_night_it_says_so(position):
    word = cursor(NIGHT, QUESTION, position)
    with pytest.raises(NightChanged, match="night of 2026-03-02 was published since"):
        position_of(word, night("other"), QUESTION)


@given(position=POSITION, index=st.integers(0), letter=st.characters())
def test_an_edited_one_is_none(position, index, letter):
    word = cursor(NIGHT, QUESTION, position)
    index %= len(word)
    edited = word[:index] + letter + word[index + 1 :]
    assume(decoded(edited) != decoded(word))
    with pytest.raises(BadCursor):
        position_of(edited, NIGHT, QUESTION)


def decoded(word: str) -> bytes | None:
    """What it stands for; the last letter has bits that say nothing."""
    try:
        return urlsafe_b64decode(word.encode("ascii") + b"=" * (-len(word) % 4))
    except ValueError:
        return None


@given(position=POSITION, cut=st.integers(1))
def test_a_cut_one_is_none(position, cut):
    word = cursor(NIGHT, QUESTION, position)
    with pytest.raises(BadCursor):
        position_of(word[: -(cut % len(word)) or None][:-1], NIGHT, QUESTION)


@given(word=st.text() | st.binary().map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_any_other_word_is_none_and_no_error_of_ours(word):
    with pytest.raises(BadCursor):
        position_of(word, NIGHT, QUESTION)


@pytest.mark.parametrize("key", [2**63, -(2**63) - 1, 1e300, float("inf"), float("nan"), "7", [1]])
def test_a_key_that_no_database_holds_is_none_even_with_a_right_digest(key):
    word = cursor(NIGHT, QUESTION, (key, "ann"))
    with pytest.raises(BadCursor):
        position_of(word, NIGHT, QUESTION)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", 7, None])
def test_neither_is_a_name(name):
    word = cursor(NIGHT, QUESTION, (1, name))
    with pytest.raises(BadCursor):
        position_of(word, NIGHT, QUESTION)


@given(text=st.text(st.characters()))
def test_a_text_is_one_where_utf_8_holds_it_without_nul(text):
    try:
        holds = b"\0" not in text.encode()
    except UnicodeEncodeError:
        holds = False
    assert is_text(text) == holds
