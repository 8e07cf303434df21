"""Objects of JSON, their numbers as they are written: a float would lose digits of long ones."""

import json
from typing import Any, cast

from perdura.json_values import refuse_constant


class WrittenNumber(float):
    """A number, and how it is written in the file.

    Attributes:
        text: As it is written.
    """

    text: str

    def __new__(cls, text: str) -> "WrittenNumber":
        """The number of a text."""
        made = super().__new__(cls, text)
        made.text = text
        return made


def read_object(line: str) -> dict[str, Any] | None:
    """The object of a line, each key once; ``None`` of what is none."""
    try:
        found: Any = json.loads(
            line,
            parse_constant=refuse_constant,
            parse_float=WrittenNumber,
            object_pairs_hook=_once_each,
        )
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def as_written(value: object) -> str | None:
    """A value of an object as text, numbers as they are written."""
    if isinstance(value, WrittenNumber):
        return value.text
    return value if value is None or isinstance(value, str) else json.dumps(value)
