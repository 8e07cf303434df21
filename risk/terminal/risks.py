"""The risk table as shown in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from babel import Locale

from perdura.risk.messages import Language
from perdura.risk.money import totals, written
from perdura.risk.night import NightFreshness
from perdura.risk.terminal.words import TERMINAL, coded, percent, printable

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table
    from rich.text import Text

    #: Rows of the risk table.
    Rows = pd.DataFrame | Sequence[Mapping[Any, Any]]

#: Columns of an output that is no terminal: nothing is cut or folded there.
UNLIMITED = 10_000
_WIDE = 120  # columns from which on what to do has a column of its own
_COLOURS = {"high": "bold red", "medium": "yellow", "low": "green"}


def riskiest(night: Rows, width: int, language: Language = "en") -> Table:
    """Rows of ``risk.table``, one below the other, for a terminal of ``width`` columns.

    In a narrow one, what to do stands below the reasons. Where ``width`` is ``UNLIMITED``, columns
    are as wide as their texts. A trial is not to be acted on, so nothing is advised in it.
    """
    from rich import box
    from rich.table import Table

    wide, limited = width >= _WIDE, width < UNLIMITED
    table = Table(
        box=box.SIMPLE_HEAD,
        expand=limited,
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
        leading=1,
    )
    table.add_column("#", justify="right", no_wrap=True)
    longest = (36 if wide else 14) if limited else None
    headings = {
        name: TERMINAL.say(language, name)
        for name in ("subscriber", "risk", "at_risk", "why", "to_do")
    }
    table.add_column(headings["subscriber"], overflow="fold", max_width=longest, min_width=10)
    table.add_column(headings["risk"], justify="right", no_wrap=True)
    table.add_column(headings["at_risk"], justify="right", min_width=9)
    table.add_column(headings["why"], ratio=3)
    rows = _records(night)
    is_trial = any(row.get("trial") for row in rows)
    if wide and not is_trial:
        table.add_column(headings["to_do"], ratio=2)
    for row in rows:
        table.add_row(*_cells(row, language, wide=wide, advised=not is_trial))
    return table


def expected_loss(night: Rows, language: Language = "en") -> str:
    """What these rows are expected to lose a month, in one sentence: a sum for each currency."""
    known = [row for row in _records(night) if row["expected_loss"] is not None]
    money = totals(((row["expected_loss"], row["currency"]) for row in known), language)
    known_money = money or TERMINAL.say(language, "unknown")
    return TERMINAL.count(language, "total", len(night), money=known_money)


def horizon(night: Rows, language: Language = "en") -> str | None:
    """What the risks of these rows are of, in one sentence; nights of older versions do not say."""
    days = next((row["horizon_days"] for row in _records(night)), None)
    return None if days is None else TERMINAL.count(language, "horizon", days)


def cautions(
    freshness: NightFreshness, language: Language = "en", *, demonstration: bool = False
) -> list[str]:
    """What a reader of the newest night must know: sentences, none if all is well.

    A ``demonstration`` is of a simulated company, which gets no newer.
    """
    sentences = [TERMINAL.say(language, "trial")] if freshness.trial else []
    if demonstration:
        sentences.append(TERMINAL.say(language, "demonstration", night=freshness.scored_on))
    elif freshness.stale:
        moment = f"{freshness.valid_until:%Y-%m-%d %H:%M} UTC"
        sentences.append(TERMINAL.say(language, "stale", moment=moment, night=freshness.scored_on))
    if freshness.degraded:
        sources = ", ".join(freshness.degraded)
        sentences.append(TERMINAL.say(language, "degraded", sources=sources))
    return sentences


def elsewhere(night: Rows, language: Language) -> str | None:
    """That a night knows some texts in its own language only; ``None`` where all are translated.

    Args:
        night: Rows that ``risk.table.riskiest`` put into the language.
        language: Of the reader.
    """
    rows = _records(night)
    texts = {row[name] for row in rows for name in ("reasons_in", "action_in") if name in row}
    others = sorted(texts - {language})
    if not others:
        return None
    names = cast("Mapping[str, str]", Locale(language).languages)
    words = ", ".join(names.get(code, code) for code in others)
    return TERMINAL.say(language, "reasons_elsewhere", language=words)


def _records(night: Rows) -> Sequence[Mapping[Any, Any]]:
    """One mapping a row, ``None`` for what is unknown."""
    if isinstance(night, Sequence):
        return night
    return night.astype(object).where(night.notna(), None).to_dict("records")


def _cells(
    row: Mapping[Any, Any], language: Language, *, wide: bool, advised: bool
) -> list[Text | Table]:
    from rich.text import Text

    band = coded("band", row["band"], language)
    risk = Text(f"{percent(row['risk'], language)}\n{band}", style=_COLOURS[row["band"]])
    if advised and row["advice"] is not None:  # as of nights that an older version published
        risk.append(f"\n{coded('advice', row['advice'], language)}")
    nothing = TERMINAL.say(language, "nothing_stands_out")
    reasons = [reason["text"] for reason in row["reasons"]] or [nothing]
    why = [("-", Text(printable(text))) for text in reasons]
    to_do = Text(printable(row["action_text"]), style="bold")
    subscriber = Text(printable(row["subscriber_id"]))
    cells = [Text(str(row["rank"])), subscriber, risk, Text(_money(row, language))]
    if not advised:
        return [*cells, _listed(why)]
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
    if row["expected_loss"] is None:
        return TERMINAL.say(language, "unknown")
    loss, mrr = (written(row[name], row["currency"], language) for name in ("expected_loss", "mrr"))
    lines = [loss, TERMINAL.say(language, "of_mrr", money=mrr)]
    if row["cltv"] is not None:
        cltv = written(row["cltv"], row["value_currency"], language)
        lines.append(TERMINAL.say(language, "cltv", money=cltv))
    return "\n".join(lines)
