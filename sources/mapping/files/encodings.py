"""Bytes of a file as UTF-8, by the stated encoding; and what speaks against that one."""

import codecs

_UTF_8 = {"utf-8", "utf-8-sig", "ascii"}
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 4_096


def with_line_feeds(text: bytes) -> bytes:
    """The text, in which lines end as elsewhere where they end as on old Macs."""
    return text.replace(b"\r", b"\n") if b"\r" in text and b"\n" not in text else text


def as_utf8(text: bytes, encoding: str) -> tuple[bytes, str | None]:
    """The text, and a sentence if it is likely of another encoding; bytes that are none of it
    become U+FFFD, or stay where the encoding is UTF-8.
    """
    marked = next((name for mark, name in _MARKS if text.startswith(mark)), None)
    stated = codecs.lookup(encoding).name
    wide = marked or (_without_mark(text) if stated in _UTF_8 else None)
    if wide:
        return text.decode(wide, errors="replace").encode(), None
    line = None  # the first with bytes that are no UTF-8, counted from 1
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
    if stated in _UTF_8:
        doubt = (
            f"some bytes are no UTF-8, first in line {line}; if the file is of Western Europe "
            "(Latin-1, Windows) write encoding = 'cp1252'"
        )
        return text, doubt if line else None
    is_utf_8 = not (line or text.isascii() or stated.startswith(("utf-16", "utf-32")))
    doubt = f"it reads as UTF-8 and the mapping says encoding = {encoding!r}; leave that out?"
    return text.decode(encoding, errors="replace").encode(), doubt if is_utf_8 else None


def _without_mark(text: bytes) -> str | None:
    """UTF-16 by the zeros that every other byte of plain text has then."""
    start = text[: min(_LOOKED_AT, len(text) // 2 * 2)]
    if len(start) < 4:
        return None
    even, odd = (start[index::2].count(0) / (len(start) / 2) for index in (0, 1))
    if abs(even - odd) < 0.5:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"
