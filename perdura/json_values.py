"""JSON of other systems as what we expect: an object, or a list of objects; else nothing."""

import json
from typing import Any, cast

JsonObject = dict[str, Any]


def parse_object(text: str | bytes) -> JsonObject | None:
    """The object of a JSON text; ``None`` of what is no JSON, or something else."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("JsonObject", found) if isinstance(found, dict) else None


def as_object(value: object) -> JsonObject:
    """The value if it is an object; else an empty one."""
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a list; else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def as_objects(value: object) -> list[JsonObject]:
    """The objects of a list, without its other items; none of what is no list."""
    return [cast("JsonObject", one) for one in as_list(value) if isinstance(one, dict)]


def refuse_constant(constant: str) -> None:
    """For ``json.loads``: NaN and Infinity, which Python reads, are no JSON."""
    raise ValueError(f"{constant} is no JSON")
