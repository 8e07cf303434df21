"""Bytes as UTF-8: nothing is lost on the way, and a wrong encoding is told of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.mapping.files.encodings import as_utf8, with_line_feeds

plain = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=4, max_size=30)


@given(text=st.text(max_size=30))
def test_utf_8_is_itself_and_no_matter_for_a_note(text: str):
    raw = text.encode(errors="ignore")
    if not raw.startswith((b"\xff\xfe", b"\xfe\xff")) and raw.count(0) == 0:
        assert as_utf8(raw, "utf-8") == (raw, None)


@given(text=plain, encoding=st.sampled_from(["utf-16", "utf-32", "utf-16-le", "utf-16-be"]))
def test_wide_text_is_recognised_though_the_mapping_says_utf_8(text: str, encoding: str):
    found, note = as_utf8(text.encode(encoding), "utf-8")
    assert found.decode().removeprefix("\ufeff") == text
    assert note is None


@given(text=plain, encoding=st.sampled_from(["utf-16", "utf-32", "cp1252", "latin-1", "ascii"]))
def test_text_in_the_stated_encoding_is_read_as_stated(text: str, encoding: str):
    found, note = as_utf8(text.encode(encoding), encoding)
    assert (found.decode().removeprefix("\ufeff"), note) == (text, None)


@given(text=st.text("aé€ñ\n", min_size=1))
def test_what_reads_as_utf_8_and_is_said_to_be_something_else_is_asked_about(text: str):
    found, note = as_utf8(text.encode(), "cp1252")
    assert found.decode() == text.encode().decode("cp1252", errors="replace")
    if text.isascii():
        assert note is None
    else:
        assert note == (
            "it reads as UTF-8 and the mapping says encoding = 'cp1252'; leave that out?"
        )


def test_the_first_line_that_is_no_utf_8_is_named_and_its_bytes_stay():
    raw = "id,name\n1,Ann\n2,José\n3,Zoë\n".encode("cp1252")
    found, note = as_utf8(raw, "utf-8")
    assert found == raw
    assert note is not None
    assert "first in line 3" in note
    assert "encoding = 'cp1252'" in note


@pytest.mark.parametrize("encoding", ["UTF8", "utf_8", "utf-8-sig", "U8", "us-ascii"])
def test_names_of_one_encoding_are_one(encoding: str):
    assert as_utf8("é".encode(), encoding) == ("é".encode(), None)


def test_bytes_that_are_none_of_the_stated_encoding_become_a_mark_and_none_is_dropped():
    found, _ = as_utf8(b"a\x81b", "cp1252")
    assert found.decode() == "a\ufffdb"


def test_a_few_bytes_are_not_taken_for_wide_text():
    for raw in (b"", b"a", b"a\x00", b"ab\x00"):
        assert as_utf8(raw, "utf-8")[0] == raw


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (b"a\rb\rc", b"a\nb\nc"),
        (b"a\r\nb\rc", b"a\r\nb\rc"),  # a return within a line of today
        (b"a\nb", b"a\nb"),
        (b"ab", b"ab"),
    ],
)
def test_lines_of_old_macs_end_as_elsewhere(text: bytes, read: bytes):
    assert with_line_feeds(text) == read
