"""The accounts of a night as shown in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from babel.numbers import format_decimal

from perdura.risk.messages import Language
from perdura.risk.money import written
from perdura.risk.query.accounts import AccountRisks
from perdura.risk.terminal.words import TERMINAL, percent, printable

if TYPE_CHECKING:
    from rich.table import Table

_NUMBERS = ("subscribers", "expected_leavers", "any_leaves", "mrr", "expected_loss")


def accounts(found: AccountRisks, language: Language = "en") -> Table | str:
    """One line per account, highest expected loss first; where there are none, what to do."""
    from rich.table import Table
    from rich.text import Text

    if not found.accounts:
        return TERMINAL.say(language, "no_accounts", night=found.scored_on)
    title = TERMINAL.say(language, "accounts", night=found.scored_on)
    table = Table(title=title, title_justify="left")
    table.add_column(TERMINAL.say(language, "account"), overflow="fold")
    for name in _NUMBERS:
        table.add_column(TERMINAL.say(language, name), justify="right", overflow="fold")
    table.add_column(TERMINAL.say(language, "riskiest"), overflow="fold")
    for one in found.accounts:
        table.add_row(
            Text(printable(one.account)),
            format_decimal(one.subscribers, locale=language),
            format_decimal(one.expected_leavers, "#,##0.0", locale=language),
            percent(one.any_leaves, language, "0"),
            _money(one.mrr, language),
            _money(one.expected_loss, language),
            Text(f"{printable(one.riskiest)} ({percent(one.risk, language, '0')})"),
        )
    return table


def left_out(found: AccountRisks, language: Language = "en") -> list[str]:
    """Which subscribers of the night no account counts: sentences, none if all are counted."""
    if not found.accounts:
        return []
    counts = {"without_account": found.without, "control_group": found.control}
    return [TERMINAL.count(language, key, n) for key, n in counts.items() if n]


def _money(amounts: Mapping[str, int], language: Language) -> str:
    values = (written(amount, currency, language) for currency, amount in amounts.items())
    return "\n".join(values) or TERMINAL.say(language, "unknown")
