"""What commands give, as JSON."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import typer


def print_json(told: Any) -> None:
    """Print what a command gives, for machines."""
    typer.echo(json.dumps(plain(told), indent=1, ensure_ascii=False))


def plain(told: Any) -> Any:
    """Dataclasses, dates and mappings as JSON takes them."""
    from dataclasses import fields, is_dataclass

    if is_dataclass(told):
        return {field.name: plain(getattr(told, field.name)) for field in fields(told)}
    if isinstance(told, Mapping):
        return {str(name): plain(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [plain(value) for value in told]
    return told.isoformat() if isinstance(told, date) else told
