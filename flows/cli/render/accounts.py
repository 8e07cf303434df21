"""What a person sees of the accounts of a night."""

from dataclasses import replace

from rich.console import Console

from perdura.flows.cli.console import OUT
from perdura.risk.messages import Language
from perdura.risk.night import NightFreshness
from perdura.risk.query.accounts import AccountRisks
from perdura.risk.terminal.accounts import accounts, left_out
from perdura.risk.terminal.risks import cautions


def print_accounts(
    found: AccountRisks,
    newest: NightFreshness,
    language: Language,
    console: Console = OUT,
    *,
    demonstration: bool = False,
) -> None:
    """One line per account, highest expected loss first, and what a reader must know of the night.

    That a night is no longer current is said of the newest alone: an old one was asked for.
    """
    shown = accounts(found, language)
    console.print(shown, markup=False)  # [subscribers] is a section
    for sentence in left_out(found, language):
        console.print(sentence)
    is_newest = found.scored_on == newest.scored_on
    state = newest if is_newest else replace(newest, stale=False, degraded=(), trial=found.trial)
    for caution in cautions(state, language, demonstration=demonstration):
        console.print(f"[yellow]{caution}[/]")
