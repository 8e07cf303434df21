"""The form above today's list: a control for each filter, with its choices in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from perdura.risk.desk.desk import Visit, sentence_case
from perdura.risk.desk.list_filters import ON_PAGE, PageFilters
from perdura.risk.desk.reader_locale import ReaderLocale
from perdura.risk.desk.todays import Facts
from perdura.risk.night import Night

_BLANK_ROW: dict[str, Any] = {"reasons": [], "currency": None, "moved_by": None}
#: How the form words a choice; others are worded as they are.
_IN_WORDS: Mapping[str, Callable[[ReaderLocale, str], str]] = {
    "band": lambda locale, word: sentence_case(locale.named("band", word)),
    "state": lambda locale, word: locale.named("state", word),
    "cause": lambda locale, word: locale.named("cause", word),
    "plan": lambda locale, word: locale.plan(word),
    "country": lambda locale, word: locale.country(word),
}


@dataclass(frozen=True, slots=True)
class FormControl:
    """One control of the form.

    Attributes:
        name: Of the parameter of the address.
        kind: Of the control.
        label: In words; of a hidden one nothing.
        options: Of a select: word of the address and words for the reader.
    """

    name: str
    kind: Literal["select", "checkbox", "hidden"]
    label: str
    options: tuple[tuple[str, str], ...]


def list_form(
    visit: Visit, night: Night, facts: Facts, filters: PageFilters
) -> Iterator[FormControl]:
    """The controls in their order; a value that no subscriber has is a choice while it filters."""
    for name, (field, how) in ON_PAGE.items():
        if how.control == "select":
            words = how.choices or facts.values[field]
            own = [(word, visit.locale.named("filter", word)) for word in how.words]
            options = [*own, ("", visit.locale.say("filter_all"))]
            in_words = _IN_WORDS.get(field)
            if field == "action":  # worded by the night, reworded for the reader
                for code, text in facts.actions.items():
                    row = {**_BLANK_ROW, "action": code, "action_text": text}
                    options.append((code, visit.reworded(row, night)["action_text"]))
            else:
                options += [
                    (word, in_words(visit.locale, word) if in_words else word) for word in words
                ]
            if filters[name] not in (word for word, _ in options):
                options.append((filters[name], filters[name]))
            yield FormControl(name, "select", visit.locale.named("filter", field), tuple(options))
        elif how.control == "checkbox":
            yield FormControl(name, "checkbox", visit.locale.named("filter", field), ())
        else:
            yield FormControl(name, "hidden", "", ())
