"""The language and the place that a reader wishes for: words, numbers, dates and money by them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_compact_currency, format_decimal, format_percent

from perdura.risk.desk import words_en, words_es
from perdura.risk.money import DIGITS, written

CATALOGUES: dict[str, dict[str, str]] = {"en": words_en.WORDS, "es": words_es.WORDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """How one reader is spoken to.

    Attributes:
        language: ``en`` or ``es``: of the words.
        locale: Of numbers, dates and money, as Babel names it: ``es``, ``es_MX``, ``en_GB`` ...
    """

    language: str
    locale: str

    @property
    def other(self) -> str:
        """The language that the switch leads to."""
        return "es" if self.language == "en" else "en"

    def say(self, key: str, **blanks: object) -> str:
        """The words for a key, with its blanks filled."""
        return CATALOGUES[self.language][key].format(**blanks)

    def knows(self, key: str) -> bool:
        """Whether there are words for a key."""
        return key in CATALOGUES[self.language]

    def count(self, key: str, n: int) -> str:
        """So many of something, in the form that the number asks for."""
        form = "one" if Locale.parse(self.locale).plural_form(n) == "one" else "other"
        return self.say(f"{key}.{form}", n=self.number(n))

    def word(self, key: str, name: str) -> str:
        """The words for a name of the table; a name that has none stands as it is."""
        return CATALOGUES[self.language].get(f"{key}{name}", name)

    def columns(self, names: str) -> str:
        """Names of columns as ``unknown_values`` has them, in words."""
        return self.listed([self.word("column_", name) for name in names.split(", ")])

    def number(self, n: float) -> str:
        """Digits in groups, at most one behind the point."""
        return format_decimal(n, "#,##0.#", locale=self.locale)

    def percent(self, share: float) -> str:
        """A share of one: without a fraction from 10 % on, and never 0 % or 100 % if it is not."""
        digits = "0" if share >= 0.1 or share == 0 else "0.0"
        pattern = f"{digits}\N{NO-BREAK SPACE}%" if self.language == "es" else f"{digits}%"
        kept = min(max(share, 0.001), 0.99) if 0 < share < 1 else share
        return format_percent(kept, pattern, locale=self.locale)

    def points(self, difference: float) -> str:
        """A difference of two shares, signed, in hundredths."""
        signed = format_decimal(round(100 * difference), "+0;\N{MINUS SIGN}0", locale=self.locale)
        return self.say("points", n=signed)

    def money(self, amount: int, currency: str) -> str:
        """Minor units with their currency."""
        return written(amount, currency, self.locale)

    def short_money(self, amount: int, currency: str) -> str:
        """Minor units with their currency, about, in few letters: ``€2.5K``."""
        major = Decimal(amount).scaleb(-DIGITS.get(currency, 2))
        return format_compact_currency(major, currency, locale=self.locale, fraction_digits=1)

    def day(self, day: date) -> str:
        """A date in words."""
        return format_date(day, "long", locale=self.locale)

    def short_day(self, day: date) -> str:
        """A date without its year."""
        return format_date(day, "d MMM" if self.language == "es" else "MMM d", locale=self.locale)

    def moment(self, moment: datetime) -> str:
        """A date and a time of day; UTC, which is said."""
        day = format_date(moment.astimezone(UTC), "medium", locale=self.locale)
        return f"{day}, {format_time(moment, 'short', tzinfo=UTC, locale=self.locale)} UTC"

    def country(self, code: str) -> str:
        """The name of a country (ISO 3166-1 alpha-2); the code where it has none."""
        return Locale.parse(self.locale).territories.get(code, code)

    def listed(self, items: list[str]) -> str:
        """Items as a sentence counts them up."""
        return format_list(items, locale=self.locale)


def tongue_of(accept: str, wished: str | None = None, otherwise: str = "en") -> Tongue:
    """How to speak to somebody whose browser accepts these languages; ``wished`` wins.

    Who accepts none that there are words for is spoken to in ``otherwise``.

    The locale is the best accepted one of the language, so that an ``es-MX`` stays that after the
    switch was used.
    """
    accepted = [locale for locale in _accepted(accept) if locale.language in CATALOGUES]
    first = accepted[0].language if accepted else otherwise
    language = wished if wished in CATALOGUES else first
    locale = next((x for x in accepted if x.language == language), Locale(language))
    return Tongue(language=language, locale=str(locale))


def _accepted(accept: str) -> Iterator[Locale]:
    """The languages of an ``Accept-Language`` header that are known, best first."""
    asked: list[tuple[float, int, str]] = []
    for place, item in enumerate(accept[:1_000].split(",")):
        tag, _, weight = item.partition(";")
        asked.append((-_weight(weight), place, tag.strip()))
    for weight, _, tag in sorted(asked):
        if weight < 0 and (locale := _known(tag)):
            yield locale


def _weight(told: str) -> float:
    name, _, value = told.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name == "q" else 0.0
    except ValueError:
        return 0.0


def _known(tag: str) -> Locale | None:
    try:
        return Locale.parse("-".join(tag.split("-")[:2]), sep="-")
    except (ValueError, TypeError, UnknownLocaleError):
        return None
