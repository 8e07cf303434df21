"""What libraries say of rows, without what they quote of them."""

import polars as pl
import pytest

from perdura.sources.error_texts import first_line, without_values


class TestWithoutValues:
    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("could not parse `ann@example.com` as dtype `i64` at column 'amount'",
             "could not parse `...` as dtype `i64` at column 'amount'"),
            ("failed in column 'day' for 1 of 2 values: [\"secret\"]",
             "failed in column 'day' for 1 of 2 values: [...]"),
            ("nothing quoted", "nothing quoted"),
            ("found \"bob\"\nand more", 'found "..."'),
        ],
    )  # fmt: skip
    def test_what_a_library_quotes_of_rows_is_left_out(self, said: str, kept: str):
        assert without_values(pl.exceptions.ComputeError(said)) == kept

    def test_our_own_words_quote_columns_alone_and_stay(self):
        assert without_values(ValueError("its header has 'a' twice")) == "its header has 'a' twice"

    def test_an_error_without_words_is_told_by_its_name(self):
        assert first_line(KeyError()) == "KeyError"
        assert first_line(OSError("  two\nlines ")) == "two"
