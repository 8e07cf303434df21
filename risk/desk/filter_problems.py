"""What the address of a list asks for and the list does not do: said in words, never dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from perdura.risk.desk.list_filters import ON_PAGE, PageFilters
from perdura.risk.desk.messages import LANGUAGES
from perdura.risk.desk.reader_locale import ReaderLocale
from perdura.risk.query.filters import LONGEST_WORD

#: Of a value that is not taken, so many characters are shown.
_SHOWN: Final = 60
#: Parameters that every list has besides its filters.
_OF_EVERY_LIST: Final = ("after", "lang")


def unapplied(
    address: Sequence[tuple[str, str]],
    locale: ReaderLocale,
    filters: Sequence[str] = tuple(ON_PAGE),
) -> Iterator[str]:
    """A sentence for each parameter of an address that does not apply: what it says, what it may.

    Args:
        address: Names and values in order, as often as they stand there.
        locale: Of the reader.
        filters: Names of those that the list has.
    """
    for name, value in dict(address).items():
        parameter = _cut(f"{name}={value}")
        if (count := sum(other == name for other, _ in address)) > 1:
            yield locale.say("unapplied_repeated", n=locale.number(count), parameter=parameter)
        if name == "lang":
            if value not in LANGUAGES:
                yield _not_a_choice(locale, parameter, LANGUAGES)
        elif name not in filters:
            if name not in _OF_EVERY_LIST:
                yield _no_filter(locale, parameter, filters)
        elif not (how := ON_PAGE[name][1]).takes(value):
            if how.allowed:
                yield _not_a_choice(locale, parameter, how.allowed)
            else:
                yield locale.say("unapplied_text", parameter=parameter, n=LONGEST_WORD)


def unmatched(
    filters: PageFilters, values: Mapping[str, Sequence[str]], locale: ReaderLocale
) -> Iterator[str]:
    """A sentence for each filter by a value that no subscriber of the night has.

    Args:
        filters: Of the list.
        values: What there is of each column that any text filters.
        locale: Of the reader.
    """
    for name, (column, _) in ON_PAGE.items():
        value = filters[name]
        if value and column in values and value not in values[column]:
            there = ", ".join(values[column]) or "\N{EN DASH}"
            yield locale.say("unmatched", parameter=_cut(f"{name}={value}"), there=there)


def _no_filter(locale: ReaderLocale, parameter: str, filters: Sequence[str]) -> str:
    if not filters:
        return locale.say("unapplied_no_filters", parameter=parameter)
    return locale.say("unapplied_no_filter", parameter=parameter, allowed=", ".join(filters))


def _not_a_choice(locale: ReaderLocale, parameter: str, allowed: Sequence[str]) -> str:
    return locale.say("unapplied_choice", parameter=parameter, allowed=", ".join(allowed))


def _cut(text: str) -> str:
    """The text on one line, its first characters if it is long."""
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}\N{HORIZONTAL ELLIPSIS}"
