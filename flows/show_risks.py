"""What a person sees of a night. Nothing heavy is imported: the table answers at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console

from flows.settings import Settings
from risk.show import cautions, expected_loss, riskiest
from risk.table import freshness

OUT = Console(highlight=False)


def print_risks(
    rows: Sequence[Mapping[str, Any]],
    settings: Settings,
    console: Console = OUT,
    *,
    newest: bool = False,
) -> None:
    """The rows of a night as ``risk.table.riskiest`` gave them, and what a reader must know of it.

    That a night is no longer current is said of the newest alone: an old one was asked for.
    """
    console.print(riskiest(rows, console.width, settings.language))
    console.print(expected_loss(rows, settings.language))
    found = freshness(settings.risk_url)
    told = replace(found, degraded=tuple(rows[0]["degraded"]), stale=found.stale and newest)
    for caution in cautions(told, settings.language):
        console.print(f"[yellow]{caution}[/]")
