"""How a file of text is written: its encoding, what separates its columns, and its header."""

import csv
from collections.abc import Sequence

_SEPARATORS = ",;\t|"
_LINES_LOOKED_AT = 50


class Unguessable(ValueError):
    """A file that is no table as far as one can see."""


def encoding_of(raw: bytes) -> str:
    """The encoding of a file by some of its bytes; ``cp1252`` of what is no UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "utf-8" if b"\0" in raw[:1000] else "cp1252"
    return "utf-8"


def written_as(text: bytes, kind: str, named: str) -> dict[str, object]:
    """Keys of a mapping: separator, header and format, where the file's ending does not say them.

    Args:
        text: A sample of the file.
        kind: What its ending says: ``csv``, ``tsv`` or ``whitespace``.
        named: What messages call it.

    Raises:
        Unguessable: Its lines have no columns.
    """
    lines = [line for line in text.decode(errors="replace").splitlines() if line.strip()]
    lines = lines[:_LINES_LOOKED_AT]
    separator = separator_of(lines)
    if separator is None:
        if kind == "whitespace" or all(len(line.split()) > 1 for line in lines):
            return {} if kind == "whitespace" else {"format": "whitespace"}
        raise Unguessable(f"{named} has one column by any of {' '.join([',', ';', 'tab', '|'])}")
    usual = "\t" if kind == "tsv" else ","
    keys: dict[str, object] = {"format": "csv"} if kind == "whitespace" else {}
    if separator != usual:
        keys["separator"] = separator
    header = next(csv.reader([lines[0]], delimiter=separator))
    if not is_header(header):
        names = [f"column_{number + 1}" for number in range(len(header))]
        keys |= {"has_header": False, "names": names}
    return keys


def separator_of(lines: Sequence[str]) -> str | None:
    """What splits every line into as many fields, and into the most; ``None`` if nothing does."""
    counts: dict[str, int] = {}
    for separator in _SEPARATORS:
        widths = [len(fields) for fields in csv.reader(lines, delimiter=separator)]
        common = max(set(widths), key=widths.count)
        if common > 1 and widths.count(common) >= 0.8 * len(widths):
            counts[separator] = common
    return max(counts, key=lambda one: counts[one], default=None)


def is_header(fields: Sequence[str]) -> bool:
    """Whether the fields of a first line are names: each a text, no number, and none twice."""
    texts = [field.strip() for field in fields]
    numbers = sum(
        text.replace(".", "").replace(",", "").replace("-", "").isdigit() for text in texts
    )
    return numbers == 0 and len({*texts}) == len(texts) and sum(map(bool, texts)) == len(texts)
