"""What to do about a risk: the first entry of a small table that fits the strongest reason."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from features.definition import Language
from models.weighing import MOST

#: The table that is used where a business gives none of its own.
OWN_TABLE = Path(__file__).with_name("actions.toml")

_KEYS = {"code", "signals", "causes", "states", "risk_from", "en", "es"}
_REQUIRED = {"code", "en", "es"}
_CAUSES = ("payment", "voluntary")


class BadActions(ValueError):
    """The table of actions cannot be used as it stands. Nothing was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One entry: what to do, and when it fits.

    Attributes:
        code: For machines.
        en: For support, in English.
        es: For support, in Spanish.
        signals: Reasons that it answers; empty: whatever the reason, or none.
        causes: ``payment``, ``voluntary``: the larger part of the risk; empty: either.
        states: States it is for; empty: all.
        risk_from: The least risk it is for.
    """

    code: str
    en: str
    es: str
    signals: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    risk_from: float = 0.0


def read_actions(path: Path = OWN_TABLE) -> tuple[Action, ...]:
    """The entries of a table, in order.

    Raises:
        BadActions: It cannot be read, has an unknown key, lacks one, or has no last resort.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("action", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadActions(f"the actions in {path} cannot be read: {error}") from error
    actions = tuple(_action(path, entry) for entry in entries)
    if not actions or not _fits_everybody(actions[-1]):
        raise BadActions(
            f"the actions in {path} have no last resort; end the file with an [[action]] that has "
            "a code, en and es, and nothing else, for those whom no other fits"
        )
    return actions


def choose_actions(
    scored: pl.DataFrame, actions: tuple[Action, ...], language: Language = "en"
) -> pl.DataFrame:
    """What to do for each row: for the strongest reason that an entry fits, the first such entry.

    Args:
        scored: ``risk``, ``risk_voluntary``, ``risk_payment``, ``reasons``, and ``state`` where
            an entry asks for it.
        actions: As of ``read_actions``.
        language: Of the words.

    Returns:
        One row per row: ``action`` (its code), ``action_text`` (in words).
    """
    entries, last = list(enumerate(actions[:-1])), len(actions) - 1
    signals = [
        pl.col("reasons").list.get(place, null_on_oob=True).struct.field("signal")
        for place in range(MOST)
    ]
    fits = [
        pl.when(_fits(action, signal)).then(place)
        for signal in signals
        for place, action in entries
    ]
    chosen = scored.select(place=pl.coalesce(*fits, pl.lit(last)))["place"]
    table = pl.DataFrame(
        {
            "action": [action.code for action in actions],
            "action_text": [getattr(action, language) for action in actions],
        }
    )
    return table[chosen]


def _fits(action: Action, signal: pl.Expr) -> pl.Expr:
    holds = [pl.col("risk") >= action.risk_from]
    if action.signals:
        holds.append(signal.is_in(action.signals))
    if action.causes:
        by_payment = pl.col("risk_payment") > pl.col("risk_voluntary")
        cause = pl.when(by_payment).then(pl.lit("payment")).otherwise(pl.lit("voluntary"))
        holds.append(cause.is_in(action.causes))
    if action.states:
        holds.append(pl.col("state").is_in(action.states))
    return pl.all_horizontal(holds)


def _action(path: Path, entry: dict[str, Any]) -> Action:
    unknown, missing = sorted(set(entry) - _KEYS), sorted(_REQUIRED - set(entry))
    if unknown or missing:
        raise BadActions(
            f"in {path} the action {entry.get('code', '?')!r} lacks {missing} and has the unknown "
            f"keys {unknown}; an action has {', '.join(sorted(_KEYS))}"
        )
    strange = sorted(set(entry.get("causes", ())) - set(_CAUSES))
    risk_from = entry.get("risk_from", 0.0)
    if strange or not isinstance(risk_from, int | float) or not 0 <= risk_from <= 1:
        raise BadActions(
            f"in {path} the action {entry['code']!r} asks for the causes {strange} or a risk from "
            f"{risk_from!r}; causes are {', '.join(_CAUSES)}, and a risk lies between 0 and 1"
        )
    return Action(
        code=entry["code"],
        en=entry["en"],
        es=entry["es"],
        signals=tuple(entry.get("signals", ())),
        causes=tuple(entry.get("causes", ())),
        states=tuple(entry.get("states", ())),
        risk_from=float(risk_from),
    )


def _fits_everybody(action: Action) -> bool:
    return not (action.signals or action.causes or action.states or action.risk_from)
