"""Objects of the API with no more than is kept of them."""

from collections.abc import Mapping
from typing import Any, cast

import polars as pl

from perdura.json_values import as_object
from perdura.sources.connectors.zendesk.exported import CLOSED_BY_MERGE, SHAPES
from perdura.sources.connectors.zendesk.json_files import Misfit, shaped


def narrowed(name: str, thing: Mapping[str, Any]) -> dict[str, Any]:
    """An object of a kind with the keys that are read of it; no body, subject, name or address.

    Of one that is not what it should be only the id is left, and it is counted when it is read.
    """
    try:
        return shaped(_without_addresses(thing), pl.Struct(SHAPES[name]))
    except Misfit:
        return {"id": str(thing.get("id"))}


def _without_addresses(value: Any) -> Any:
    """The same, of ``via`` and ``tags`` only what is read of them, wherever they stand."""
    if isinstance(value, list):
        return [_without_addresses(item) for item in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    found = {key: _without_addresses(own) for key, own in cast("Mapping[str, Any]", value).items()}
    if isinstance(via := found.get("via"), dict):
        by = as_object(cast("object", via))
        relation = as_object(by.get("source")).get("rel")
        found["via"] = {"channel": by.get("channel"), "source": {"rel": relation}}
    if isinstance(tags := found.get("tags"), list):
        found["tags"] = [CLOSED_BY_MERGE] if CLOSED_BY_MERGE in tags else []
    return found
