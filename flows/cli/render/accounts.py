"""What a person sees of the accounts of a night."""

from collections.abc import Mapping
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from perdura.features.definition import Language
from perdura.features.topics.money import written
from perdura.risk.night import NightFreshness
from perdura.risk.query.accounts import AccountRisks
from perdura.risk.terminal.risks import cautions, printable
from perdura.sources.counted import counted, either

OUT = Console(highlight=False)


def print_accounts(
    found: AccountRisks, newest: NightFreshness, language: Language, console: Console = OUT
) -> None:
    """One line per account, highest expected loss first, and what a reader must know of the night.

    That a night is no longer current is said of the newest alone: an old one was asked for.
    """
    _print_table(found, language, console)
    is_newest = found.scored_on == newest.scored_on
    state = newest if is_newest else replace(newest, stale=False, degraded=(), trial=found.trial)
    for caution in cautions(state, language):
        console.print(f"[yellow]{caution}[/]")


def _print_table(found: AccountRisks, language: Language, console: Console) -> None:
    if not found.accounts:
        console.print(
            f"No scored subscriber has an account in the night of {found.scored_on}. Map the "
            "attribute account in [subscribers] (docs/MAPPING.md), extract, and score the night "
            f"again: perdura score --on {found.scored_on}",
            markup=False,  # [subscribers] is a section
        )
        return
    table = Table(title=f"Accounts, {found.scored_on}", title_justify="left")
    table.add_column("account")
    for name in ("subscribers", "expected leavers", "any leaves", "MRR", "expected loss"):
        table.add_column(name, justify="right")
    table.add_column("riskiest")
    for one in found.accounts:
        table.add_row(
            Text(printable(one.account)),
            f"{one.subscribers:,}",
            f"{one.expected_leavers:.1f}",
            f"{one.any_leaves:.0%}",
            _money(one.mrr, language),
            _money(one.expected_loss, language),
            Text(f"{printable(one.riskiest)} ({one.risk:.0%})"),
        )
    console.print(table)
    if found.without:
        console.print(
            f"{counted(found.without, 'scored subscriber')} "
            f"{either(found.without, 'belongs', 'belong')} to no account."
        )
    if found.control:
        console.print(
            f"{counted(found.control, 'subscriber')} of the control group "
            f"{either(found.control, 'is', 'are')} not counted."
        )


def _money(amounts: Mapping[str, int], language: Language) -> str:
    values = (written(amount, currency, language) for currency, amount in amounts.items())
    return "\n".join(values) or "unknown"
