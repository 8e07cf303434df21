"""Amounts with their units, as people speak of them: ``3 weeks``, ``less than a day``."""

from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from perdura.features.definition import Derived, Feature, Language
from perdura.features.topics.money import grouped, written
from perdura.sources.periods import DAYS_A_MONTH

_TIME = {
    "hours": {"en": ("hour", "hours"), "es": ("hora", "horas")},
    "days": {"en": ("day", "days"), "es": ("día", "días")},
    "months": {"en": ("month", "months"), "es": ("mes", "meses")},
}
_UNDER_ONE = {
    "hours": {"en": "less than an hour", "es": "menos de una hora"},
    "days": {"en": "less than a day", "es": "menos de un día"},
}
_LESS_THAN = {"en": "less than {n}", "es": "menos de {n}"}
#: An age is said in the largest of these units of which it has two, otherwise in days, and rounded.
_AGES = (("year", 365.25), ("month", 30.4375), ("week", 7.0))


def amount_in_words(
    feature: Feature | Derived, value: float | str, language: Language, currency: str | None
) -> str:
    """A value of a feature with its unit; a category's text as it is.

    Args:
        feature: What was measured.
        value: What came out.
        language: ``en`` or ``es``.
        currency: ISO 4217 code that amounts are in.
    """
    if isinstance(value, str):
        return value
    match feature.unit:
        case "money":
            bare = number_in_words(value / 100, language)
            return written(value, currency, language) if currency else bare
        case "share":
            return format_percent(round(value, 2), locale=language)
        case "hours" | "days" | "months" | "age" as unit:
            return time_in_words(unit, value, language)
        case _:
            return number_in_words(value, language)


def time_in_words(unit: str, value: float, language: Language) -> str:
    """Hours to a digit while they are few, days in whole ones; less than a month in days.

    An age as precisely as one speaks of it: ``9 days``, ``3 weeks``, ``5 months``.
    """
    if unit == "age":
        for large, length in _AGES:
            if value >= 2 * length:
                nearest = int(value / length + 0.5)
                return format_unit(nearest, f"duration-{large}", locale=language)
        unit = "days"
    if unit == "months" and value < 1:
        unit, value = "days", value * DAYS_A_MONTH
    if value < 1:
        return _UNDER_ONE[unit][language]
    number = number_in_words(round(value) if unit == "days" else value, language)
    one, many = _TIME[unit][language]
    return f"{number} {one if number == '1' else many}"


def number_in_words(value: float, language: Language) -> str:
    """Whole where large, otherwise at most one digit after the point; never zero for a little."""
    if 0 < value < 0.05:
        return _LESS_THAN[language].format(n=number_in_words(0.1, language))
    if value >= 10:
        return grouped(value, 0, language)
    return format_decimal(value, "0.#", locale=language)
