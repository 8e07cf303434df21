"""What a value means, in the words that support reads."""

from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from features.definition import Column, Derived, Feature, Language

_WINDOW = {"en": " in the last {days} days", "es": " en los últimos {days} días"}
_TIME = {
    "hours": {"en": ("hour", "hours"), "es": ("hora", "horas")},
    "days": {"en": ("day", "days"), "es": ("día", "días")},
}
_UNDER_A_DAY = {"en": "less than a day", "es": "menos de un día"}


def say(column: Column, value: float | str | None, language: Language, currency: str | None) -> str:
    """The value of one column as a sentence, e.g. ``2 payments failed in the last 30 days``.

    Args:
        column: What was measured.
        value: What came out: a number, a category's text, or ``None`` for unknown.
        language: ``en`` or ``es``.
        currency: ISO 4217 code that amounts are in; without one, bare minor units divided by
            a hundred.
    """
    phrases = column.feature.en if language == "en" else column.feature.es
    if value is None:
        text = phrases.unknown or phrases.none
    elif value == 0:
        text = phrases.none
    elif value == 1 and column.feature.unit not in {"hours", "days", "money", "share", "times"}:
        text = phrases.one
    else:
        text = phrases.many.format(n=_amount(column.feature, value, language, currency))
    window = _WINDOW[language].format(days=column.days) if column.days else ""
    return text + window


def _amount(
    feature: Feature | Derived, value: float | str, language: Language, currency: str | None
) -> str:
    if isinstance(value, str):
        return value
    match feature.unit:
        case "money":
            return _money(value, language, currency)
        case "share":
            return format_percent(round(value, 2), locale=language)
        case "hours" | "days" as unit:
            return _time(unit, value, language)
        case _:
            return _number(value, language)


def _time(unit: str, value: float, language: Language) -> str:
    """Hours to a digit while they are few, days in whole ones."""
    if unit == "days" and value < 0.5:
        return _UNDER_A_DAY[language]
    number = _number(round(value) if unit == "days" else value, language)
    one, many = _TIME[unit][language]
    return f"{number} {one if number == '1' else many}"


def _number(value: float, language: Language) -> str:
    """Whole where large, otherwise at most one digit after the point."""
    return format_decimal(value, "#,##0" if value >= 10 else "0.#", locale=language)


def _money(minor_units: float, language: Language, currency: str | None) -> str:
    if not currency:
        return _number(minor_units / 100, language)
    major = minor_units / 10 ** get_currency_precision(currency)
    return format_currency(major, currency, locale=language)
