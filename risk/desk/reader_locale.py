"""A reader's language and region: messages, numbers, dates and money as they are written there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_compact_currency, format_decimal, format_percent

from perdura.risk.desk.messages import FAMILIES, LANGUAGES, catalogue
from perdura.risk.money import DIGITS, written

#: Families of the details of events, by their table.
DETAILS = {"payments": ("failure",), "tickets": ("topic",), "contacts": ("action", "contact")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLocale:
    """How texts are written for one reader.

    Attributes:
        language: Of the messages: ``en`` or ``es``.
        locale: Of numbers, dates and money, as Babel names it: ``es``, ``es_MX``, ``en_GB`` ...
    """

    language: str
    locale: str

    @property
    def other(self) -> str:
        """The language that the switch leads to."""
        return "es" if self.language == "en" else "en"

    def say(self, key: str, **blanks: object) -> str:
        """The message of a key, with its blanks filled."""
        return catalogue(self.language).gettext(key).format(**blanks)

    def count(self, key: str, n: int, **blanks: object) -> str:
        """The message of a key in the plural form of ``n``, which fills the blank ``{n}``."""
        message = catalogue(self.language).ngettext(key, key, n)
        return message.format(n=self.number(n), **blanks)

    def named(self, family: str, name: str, **blanks: object) -> str:
        """The message of a name of the table; a name that the family lacks is shown as it is."""
        return self.say(f"{family}_{name}", **blanks) if name in FAMILIES[family] else name

    def detail(self, source: str, code: str | None) -> str:
        """The detail of an event, by its table, in words; a code without words is readable.

        A failure code of a payment, the topic of a ticket, the plan of a subscription, the action
        of a contact.
        """
        if not code:
            return ""
        if source == "subscriptions":
            return self.plan(code)
        for family in DETAILS.get(source, ()):
            if code in FAMILIES[family]:
                return self.named(family, code)
        words = code.replace("_", " ")
        return words[:1].upper() + words[1:] if code.islower() else code

    def columns(self, names: str) -> str:
        """Columns, named as in ``unknown_values``, as a list in words."""
        return self.listed([self.named("column", name) for name in names.split(", ")])

    def sources(self, names: Iterable[str]) -> str:
        """Event tables as a list in words."""
        return self.listed([self.named("source", name).lower() for name in names])

    def plan(self, name: str) -> str:
        """A plan as a name: ``business`` gets a capital letter, ``pro_2024`` stays."""
        return name.capitalize() if name.isalpha() and name.islower() else name

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
        return format_skeleton("MMMd", day, tzinfo=UTC, locale=self.locale)

    def moment(self, moment: datetime) -> str:
        """A date and a time of day; UTC, which is said."""
        day = format_date(moment.astimezone(UTC), "medium", locale=self.locale)
        return f"{day}, {format_time(moment, 'short', tzinfo=UTC, locale=self.locale)} UTC"

    def country(self, code: str) -> str:
        """The name of a country (ISO 3166-1 alpha-2); the code where it has none."""
        names = cast("Mapping[str, str]", Locale.parse(self.locale).territories)
        return names.get(code, code)

    def language_named(self, code: str) -> str:
        """The name of a language (ISO 639)."""
        names = cast("Mapping[str, str]", Locale.parse(self.locale).languages)
        return names.get(code, code)

    def listed(self, items: list[str]) -> str:
        """Items as a sentence counts them up."""
        return format_list(items, locale=self.locale)


def reader_locale_of(accept: str, chosen: str | None = None, default: str = "en") -> ReaderLocale:
    """The locale of a reader by the languages that the browser accepts.

    The region is that of the best accepted locale in the language: an ``es-MX`` stays one after
    the language was switched.

    Args:
        accept: The ``Accept-Language`` header.
        chosen: The language that the reader switched to, which wins.
        default: The language where none of the accepted ones has messages.
    """
    accepted = [locale for locale in _accepted(accept) if locale.language in LANGUAGES]
    first = accepted[0].language if accepted else default
    language = chosen if chosen in LANGUAGES else first
    locale = next((x for x in accepted if x.language == language), Locale(language))
    return ReaderLocale(language=language, locale=str(locale))


def _accepted(accept: str) -> Iterator[Locale]:
    """The languages of an ``Accept-Language`` header that are known, best first."""
    tags: list[tuple[float, int, str]] = []
    for index, item in enumerate(accept[:1_000].split(",")):
        tag, _, weight = item.partition(";")
        tags.append((-_weight(weight), index, tag.strip()))
    for weight, _, tag in sorted(tags):
        if weight < 0:
            with suppress(ValueError, TypeError, UnknownLocaleError):
                yield Locale.parse("-".join(tag.split("-")[:2]), sep="-")


def _weight(text: str) -> float:
    """The weight of ``q=0.8``: 1 where the text is empty, 0 where it makes no sense."""
    name, _, value = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name == "q" else 0.0
    except ValueError:
        return 0.0
