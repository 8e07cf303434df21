"""What commands give, as JSON."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, cast

import typer


def print_json(values: Any) -> None:
    """Print what a command gives, for machines."""
    typer.echo(json.dumps(plain(values), indent=1, ensure_ascii=False))


def plain(values: Any) -> Any:
    """Dataclasses, dates and mappings as JSON takes them."""
    from dataclasses import fields, is_dataclass

    if is_dataclass(values):
        return {field.name: plain(getattr(values, field.name)) for field in fields(values)}
    if isinstance(values, Mapping):
        mapping = cast("Mapping[Any, Any]", values)
        return {str(name): plain(value) for name, value in mapping.items()}
    if isinstance(values, list | tuple):
        return [plain(value) for value in cast("Iterable[Any]", values)]
    return values.isoformat() if isinstance(values, date) else values
