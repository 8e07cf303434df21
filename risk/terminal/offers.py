"""The subscribers to offer an upgrade, as shown in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from babel.numbers import format_percent

from perdura.risk.money import written
from perdura.risk.terminal.risks import Language, printable

if TYPE_CHECKING:
    from rich.table import Table

_WORDS = {
    "en": {
        "subscriber": "Subscriber",
        "percent": "0.0%",
        "offer": "Would take\nan offer",
        "risk": "Risk",
        "plan": "Plan",
        "pays": "Pays\na month",
        "unknown": "unknown",
        "none": "There are no offers to make.",
    },
    "es": {
        "subscriber": "Suscriptor",
        "percent": "0.0\N{NO-BREAK SPACE}%",
        "offer": "Aceptaría\nuna oferta",
        "risk": "Riesgo",
        "plan": "Plan",
        "pays": "Paga\nal mes",
        "unknown": "desconocido",
        "none": "No hay ninguna oferta que hacer.",
    },
}


def offers(rows: Sequence[Mapping[str, Any]], language: Language = "en") -> Table | str:
    """Rows that ``risk.table.to_offer`` gave, one below the other; where there are none, that."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    words = _WORDS[language]
    if not rows:
        return words["none"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(words["subscriber"], overflow="fold", min_width=10)
    for name in ("offer", "risk", "pays"):
        table.add_column(words[name], justify="right", no_wrap=True)
    table.add_column(words["plan"], overflow="fold")
    for row in rows:
        shares = (format_percent(row[s], words["percent"], language) for s in ("offer", "risk"))
        texts = (printable(row[name] or words["unknown"]) for name in ("subscriber_id", "plan"))
        subscriber, plan = (Text(text) for text in texts)
        known = row["mrr"] is not None
        pays = written(row["mrr"], row["currency"], language) if known else words["unknown"]
        table.add_row(subscriber, *shares, pays, plan)
    return table
