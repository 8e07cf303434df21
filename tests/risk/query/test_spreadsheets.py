"""No cell begins as a formula does, and nothing else of a text is changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.risk.query.spreadsheets import harmless, harmless_cell

FORMULAS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001
TEXT = st.text(st.sampled_from([*FORMULAS, " ", "a", "1", "'", '"', ",", "\0", "ñ"]), max_size=6)


@given(text=TEXT | st.text())
def test_what_is_behind_the_blanks_decides(text):
    shown = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    runs = any(shown.lstrip(" ").startswith(letter) for letter in FORMULAS)
    assert harmless(text) == ("'" + shown if runs else shown)


@given(text=TEXT)
def test_done_again_it_stays(text):
    assert harmless(harmless(text)) == harmless(text)


@given(text=TEXT | st.text())
def test_the_quick_way_is_the_plain_one(text):
    assert harmless_cell(text) == harmless(text)


@pytest.mark.parametrize("value", [None, True, False, 0, -5, -0.5, [1], "x", "", "a=b", "1-2"])
def test_other_values_and_other_texts_are_as_they_are(value):
    found = harmless_cell(value)
    assert found is value or found == value
    assert type(found) is type(value)
