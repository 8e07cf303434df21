"""Files of JSON lines, read one object at a time: as large as they may be, a line is in memory."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from perdura.json_values import parse_object
from perdura.sources.connectors.rows import RowWriter


def read_objects(
    path: Path, shown: str, writer: RowWriter
) -> Generator[tuple[int, dict[str, Any]]]:
    """Each object with its line, from 1; what is none goes to ``writer`` as broken.

    Args:
        path: The file.
        shown: What reports call it.
        writer: Where lines are refused: ``cut_off`` is a last line without its end,
            ``bad_encoding`` what is no UTF-8, ``broken_line`` all else.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                text = line.decode("utf-8-sig")
            except UnicodeDecodeError:
                writer.refuse("bad_encoding", line.decode(errors="replace"), shown, number)
                continue
            found = parse_object(text)
            if found is None:
                rule = "broken_line" if text.endswith("\n") else "cut_off"
                writer.refuse(rule, text.rstrip("\n"), shown, number)
            else:
                yield number, found
