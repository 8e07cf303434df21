"""What a person sees of a night. Nothing heavy is imported: the table answers at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console

from perdura.flows.cli.console import OUT
from perdura.flows.settings import Settings
from perdura.risk.table import freshness
from perdura.risk.terminal.offers import offers
from perdura.risk.terminal.risks import cautions, elsewhere, expected_loss, horizon, riskiest


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
    if sentence := elsewhere(rows, settings.language):
        console.print(sentence)
    _print_cautions(rows, settings, console, newest=newest)


def print_offers(
    rows: Sequence[Mapping[str, Any]],
    settings: Settings,
    console: Console = OUT,
    *,
    newest: bool = False,
) -> None:
    """As ``print_risks``, the rows that ``risk.table.to_offer`` gave."""
    console.print(offers(rows, settings.language))
    _print_cautions(rows, settings, console, newest=newest)


def _print_cautions(
    rows: Sequence[Mapping[str, Any]], settings: Settings, console: Console, *, newest: bool
) -> None:
    if sentence := horizon(rows, settings.language):
        console.print(sentence)
    found = freshness(settings.risk_url)
    newest_state = replace(
        found,
        degraded=tuple(rows[0]["degraded"]) if rows else (),
        trial=any(row["trial"] for row in rows) or (found.trial and not rows),
        stale=found.stale and newest,
    )
    told = cautions(newest_state, settings.language, demonstration=settings.is_demonstration)
    for caution in told:
        console.print(f"[yellow]{caution}[/]")
