"""Whom to offer more, as a person sees it in a terminal."""

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
        "who": "Subscriber",
        "percent": "0.0%",
        "offer": "Would take\nan offer",
        "risk": "Risk",
        "plan": "Plan",
        "pays": "Pays\na month",
        "unknown": "unknown",
        "nobody": "There are no offers to make.",
    },
    "es": {
        "who": "Suscriptor",
        "percent": "0.0\N{NO-BREAK SPACE}%",
        "offer": "Aceptaría\nuna oferta",
        "risk": "Riesgo",
        "plan": "Plan",
        "pays": "Paga\nal mes",
        "unknown": "desconocido",
        "nobody": "No hay ninguna oferta que hacer.",
    },
}


def offers(rows: Sequence[Mapping[str, Any]], language: Language = "en") -> Table | str:
    """Rows that ``risk.table.to_offer`` gave, one below the other; where there are none, that."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    words = _WORDS[language]
    if not rows:
        return words["nobody"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(words["who"], overflow="fold", min_width=10)
    for name in ("offer", "risk", "pays"):
        table.add_column(words[name], justify="right", no_wrap=True)
    table.add_column(words["plan"], overflow="fold")
    for row in rows:
        shares = (format_percent(row[s], words["percent"], language) for s in ("offer", "risk"))
        texts = (printable(row[name] or words["unknown"]) for name in ("subscriber_id", "plan"))
        who, plan = (Text(text) for text in texts)
        table.add_row(who, *shares, _pays(row, language), plan)
    return table


def _pays(row: Mapping[str, Any], language: Language) -> str:
    if row["mrr"] is None:
        return _WORDS[language]["unknown"]
    return written(row["mrr"], row["currency"], language)
