"""The subscribers to offer an upgrade, as shown in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from perdura.risk.messages import Language
from perdura.risk.money import written
from perdura.risk.terminal.words import TERMINAL, percent, printable

if TYPE_CHECKING:
    from rich.table import Table


def offers(rows: Sequence[Mapping[str, Any]], language: Language = "en") -> Table | str:
    """Rows that ``risk.table.to_offer`` gave, one below the other; where there are none, that."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return TERMINAL.say(language, "no_offers")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(TERMINAL.say(language, "subscriber"), overflow="fold", min_width=10)
    for name in ("offer", "risk", "pays"):
        table.add_column(TERMINAL.say(language, name), justify="right", no_wrap=True)
    table.add_column(TERMINAL.say(language, "plan"), overflow="fold")
    unknown = TERMINAL.say(language, "unknown")
    for row in rows:
        percentages = (percent(row[name], language) for name in ("offer", "risk"))
        texts = (printable(row[name] or unknown) for name in ("subscriber_id", "plan"))
        subscriber, plan = (Text(text) for text in texts)
        known = row["mrr"] is not None
        pays = written(row["mrr"], row["currency"], language) if known else unknown
        table.add_row(subscriber, *percentages, pays, plan)
    return table
