"""The risk table as shown in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from babel.numbers import format_percent

from perdura.risk.money import totals, written
from perdura.risk.night import NightFreshness

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table
    from rich.text import Text

    #: Rows of the risk table.
    Rows = pd.DataFrame | Sequence[Mapping[Any, Any]]

Language = Literal["en", "es"]

_WIDE = 120  # columns from which on what to do has a column of its own
_COLOURS = {"high": "bold red", "medium": "yellow", "low": "green"}
_WORDS = {
    "en": {
        "subscriber": "Subscriber",
        "percent": "0.0%",
        "risk": "Risk",
        "money": "At risk\na month",
        "why": "Why",
        "do": "What to do",
        "high": "high",
        "medium": "medium",
        "low": "low",
        "save": "save",
        "offer": "offer upgrade",
        "leave_alone": "do not contact",
        "of": "of",
        "cltv": "CLTV",
        "unknown": "unknown",
        "nothing": "nothing stands out",
        "total_of_one": "Expected loss of this subscriber a month: {money}",
        "total": "Expected loss of these {n} subscribers a month: {money}",
        "stale": "Stale since {valid_until:%Y-%m-%d %H:%M} UTC: the newest night is {scored_on}.",
        "degraded": "Degraded: {sources}. Why and what to do, perdura score says for that date.",
        "trial": "TRIAL: the model version was refused. Look at these risks, do not act on them.",
        "horizon": "Risks are of leaving within {days} days.",
    },
    "es": {
        "subscriber": "Suscriptor",
        "percent": "0.0\N{NO-BREAK SPACE}%",
        "risk": "Riesgo",
        "money": "En riesgo\nal mes",
        "why": "Por qué",
        "do": "Qué hacer",
        "high": "alto",
        "medium": "medio",
        "low": "bajo",
        "save": "retener",
        "offer": "subir de plan",
        "leave_alone": "no contactar",
        "of": "de",
        "cltv": "CLTV",
        "unknown": "desconocido",
        "nothing": "nada llama la atención",
        "total_of_one": "Pérdida esperada de este suscriptor al mes: {money}",
        "total": "Pérdida esperada de estos {n} suscriptores al mes: {money}",
        "stale": "Caducado desde {valid_until:%Y-%m-%d %H:%M} UTC: la última noche es {scored_on}.",
        "degraded": "Degradado: {sources}. El porqué y qué hacer los dice perdura score "
        "con esa fecha.",
        "trial": "PRUEBA: la versión del modelo no superó sus controles. Consulta estos riesgos, "
        "pero no actúes en función de ellos.",
        "horizon": "Los riesgos son de irse en {days} días.",
    },
}


def riskiest(night: Rows, width: int, language: Language = "en") -> Table:
    """Rows of ``risk.table``, one below the other, for a terminal of ``width`` columns.

    In a narrow one, what to do stands below the reasons.
    """
    from rich import box
    from rich.table import Table

    words, wide = _WORDS[language], width >= _WIDE
    table = Table(
        box=box.SIMPLE_HEAD,
        expand=True,
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
        leading=1,
    )
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column(
        words["subscriber"], overflow="fold", max_width=36 if wide else 14, min_width=10
    )
    table.add_column(words["risk"], justify="right", no_wrap=True)
    table.add_column(words["money"], justify="right", min_width=9)
    table.add_column(words["why"], ratio=3)
    if wide:
        table.add_column(words["do"], ratio=2)
    for row in _records(night):
        table.add_row(*_cells(row, language, wide=wide))
    return table


def expected_loss(night: Rows, language: Language = "en") -> str:
    """What these rows are expected to lose a month, in one sentence: a sum for each currency."""
    known = [row for row in _records(night) if row["expected_loss"] is not None]
    money = totals(((row["expected_loss"], row["currency"]) for row in known), language)
    words = _WORDS[language]
    total = words["total_of_one" if len(night) == 1 else "total"]
    return total.format(n=len(night), money=money or words["unknown"])


def horizon(night: Rows, language: Language = "en") -> str | None:
    """What the risks of these rows are of, in one sentence; nights of older versions do not say."""
    days = next((row["horizon_days"] for row in _records(night)), None)
    return None if days is None else _WORDS[language]["horizon"].format(days=days)


def cautions(freshness: NightFreshness, language: Language = "en") -> list[str]:
    """What a reader of the newest night must know: sentences, none if all is well."""
    words, sentences = _WORDS[language], list[str]()
    if freshness.trial:
        sentences.append(words["trial"])
    if freshness.stale:
        sentences.append(
            words["stale"].format(valid_until=freshness.valid_until, scored_on=freshness.scored_on)
        )
    if freshness.degraded:
        sentences.append(words["degraded"].format(sources=", ".join(freshness.degraded)))
    return sentences


def _records(night: Rows) -> Sequence[Mapping[Any, Any]]:
    """One mapping a row, ``None`` for what is unknown."""
    if isinstance(night, Sequence):
        return night
    return night.astype(object).where(night.notna(), None).to_dict("records")


def _cells(row: Mapping[Any, Any], language: Language, *, wide: bool) -> list[Text | Table]:
    from rich.text import Text

    words = _WORDS[language]
    percent = format_percent(row["risk"], words["percent"], locale=language)
    risk = Text(f"{percent}\n{words[row['band']]}", style=_COLOURS[row["band"]])
    if row["advice"] is not None:  # as of nights that an older version published
        risk.append(f"\n{words[row['advice']]}")
    reasons = [reason["text"] for reason in row["reasons"]] or [words["nothing"]]
    why = [("-", Text(printable(text))) for text in reasons]
    to_do = Text(printable(row["action_text"]), style="bold")
    subscriber = Text(printable(row["subscriber_id"]))
    cells = [Text(str(row["rank"])), subscriber, risk, Text(_money(row, language))]
    if wide:
        return [*cells, _listed(why), to_do]
    return [*cells, _listed([*why, (">", to_do)])]


def _listed(items: list[tuple[str, Text]]) -> Table:
    """Items in which further lines stand below the first word, not below the bullet."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for bullet, text in items:
        grid.add_row(bullet, text)
    return grid


def _money(row: Mapping[Any, Any], language: Language) -> str:
    """The expected loss, and below it what it is a part of."""
    words = _WORDS[language]
    if row["expected_loss"] is None:
        return words["unknown"]
    loss, mrr = (written(row[name], row["currency"], language) for name in ("expected_loss", "mrr"))
    lines = f"{loss}\n{words['of']} {mrr}"
    if row["cltv"] is None:
        return lines
    return f"{lines}\n{words['cltv']} {written(row['cltv'], row['value_currency'], language)}"


def printable(text: str) -> str:
    """The text, so that it can neither move the cursor nor colour the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
