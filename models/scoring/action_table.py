"""The table of actions against risks, as a business writes it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from perdura.features.definition import Language

#: The default table.
OWN_TABLE = Path(__file__).with_name("actions.toml")

_KEYS = {"code", "signals", "causes", "churn", "states", "risk_from", "en", "es"}
_REQUIRED = {"code", "en", "es"}
#: The values that lists may hold.
_WORDS = {"causes": ("payment", "voluntary"), "churn": ("contract", "silence")}


class BadActions(ValueError):
    """The table of actions is not valid. No action was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One entry: what to do, and when it fits.

    Attributes:
        code: Its code.
        en: Its text for support, in English.
        es: Its text in Spanish.
        signals: The reasons that it fits; empty: any reason, or none.
        causes: ``payment``, ``voluntary``: the larger part of the risk; empty: either.
        churn: ``contract``, ``silence``: the kind of business; empty: either.
        states: The states that it fits; empty: all.
        risk_from: The lowest risk that it fits.
    """

    code: str
    en: str
    es: str
    signals: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    churn: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    risk_from: float = 0.0


#: The action for subscribers in the control group, with any table.
HOLD_OUT = Action(
    code="hold_out",
    en="Do not contact: they are in the control group.",
    es="No contactar: está en el grupo de control.",
)

#: The action where the advice is ``leave_alone``, with any table.
LEAVE_ALONE = Action(code="leave_alone", en="Do not contact for now", es="No contactar por ahora")

#: Actions that are chosen with any table.
WITH_ANY_TABLE = (HOLD_OUT, LEAVE_ALONE)


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
    last = actions[-1] if actions else None
    if not last or last.signals or last.causes or last.churn or last.states or last.risk_from:
        raise BadActions(
            f"the actions in {path} have no last resort; end the file with an [[action]] that has "
            "a code, en and es, and nothing else, for subscribers that no other fits"
        )
    return actions


def _action(path: Path, entry: dict[str, Any]) -> Action:
    unknown, missing = sorted(set(entry) - _KEYS), sorted(_REQUIRED - set(entry))
    if unknown or missing:
        raise BadActions(
            f"in {path} the action {entry.get('code', '?')!r} lacks {missing} and has the unknown "
            f"keys {unknown}; an action has {', '.join(sorted(_KEYS))}"
        )
    for key, words in _WORDS.items():
        if strange := sorted(set(entry.get(key, ())) - set(words)):
            raise BadActions(
                f"in {path} the action {entry['code']!r} has {key} = {strange}; "
                f"{key} is a list of {' and '.join(map(repr, words))}"
            )
    risk_from = entry.get("risk_from", 0.0)
    if not isinstance(risk_from, int | float) or not 0 <= risk_from <= 1:
        raise BadActions(
            f"in {path} the action {entry['code']!r} has risk_from = {risk_from!r}; "
            "a risk lies between 0 and 1"
        )
    return Action(
        code=entry["code"],
        en=entry["en"],
        es=entry["es"],
        signals=tuple(entry.get("signals", ())),
        causes=tuple(entry.get("causes", ())),
        churn=tuple(entry.get("churn", ())),
        states=tuple(entry.get("states", ())),
        risk_from=float(risk_from),
    )


def translations(file: Path | None, language: Language) -> dict[str, dict[str, str]]:
    """The texts of a table of actions in the other languages, by language.

    Raises:
        BadActions: As ``read_actions``.
    """
    others = [other for other in get_args(Language) if other != language]
    return {
        getattr(action, language): {other: getattr(action, other) for other in others}
        for action in (*WITH_ANY_TABLE, *read_actions(file or OWN_TABLE))
    }
