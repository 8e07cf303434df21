"""What a value means, in the words that support reads."""

import numpy as np

from perdura.features.definition import Column, Derived, Feature, Language, Since
from perdura.features.topics.amounts import amount_in_words
from perdura.sources.periods import DAYS_A_MONTH

_WINDOW = {"en": " in the last {days} days", "es": " en los últimos {days} días"}
_TYPICAL = {"en": " (similar customers: {n})", "es": " (clientes similares: {n})"}
_AGO = {"en": "{n} ago", "es": "hace {n}"}
_NEVER = {"en": "never", "es": "nunca"}
# Units that are measured, not counted: nothing measured is not the same as zero.
_MEASURED = {"hours", "days", "age", "points"}
_WITH_UNIT = {"hours", "days", "age", "money", "share"}


def say(column: Column, value: float | str | None, language: Language, currency: str | None) -> str:
    """The value of one column as a sentence, e.g. ``2 payments failed in the last 30 days``.

    Args:
        column: What was measured.
        value: What came out: a number, a category's text, or ``None`` for unknown.
        language: ``en`` or ``es``.
        currency: ISO 4217 code that amounts are in; without one, bare minor units divided by
            a hundred.
    """
    if value is not None and not isinstance(value, str):
        value = float(as_said(column, np.array([value]))[0])
    return say_rounded(column, value, language, currency)


def say_rounded(
    column: Column,
    value: float | str | None,
    language: Language,
    currency: str | None,
    usual: float | None = None,
) -> str:
    """As ``say``, of a number that ``as_said`` has rounded.

    Args:
        column: As of ``say``.
        value: As of ``say``.
        language: As of ``say``.
        currency: As of ``say``.
        usual: The typical value of comparable subscribers, which is said too: infinity for never.
    """
    feature = column.feature
    phrases = feature.en if language == "en" else feature.es
    if value is None:
        text = phrases.unknown or phrases.none
    elif value == 0 and (phrases.unknown or feature.unit not in _MEASURED):
        text = phrases.none
    else:
        shown = amount_in_words(feature, value, language, currency)
        is_one = value == 1 if feature.unit == "months" else shown == "1"
        is_one = is_one and feature.unit not in _WITH_UNIT
        text = (phrases.one if is_one else "") or phrases.many.format(n=shown)
    window = _WINDOW[language].format(days=column.days) if column.days else ""
    return text + window + ("" if usual is None else _typical(feature, usual, language, currency))


def _typical(
    feature: Feature | Derived, usual: float, language: Language, currency: str | None
) -> str:
    if usual == np.inf:
        return _TYPICAL[language].format(n=_NEVER[language])
    shown = amount_in_words(feature, usual, language, currency)
    if isinstance(feature, Feature) and isinstance(feature.measure, Since):
        shown = _AGO[language].format(n=shown)
    return _TYPICAL[language].format(n=shown)


def as_said(column: Column, values: np.ndarray) -> np.ndarray:
    """The values as precisely as they are said: of those that read the same, one stands for all.

    Nothing but zero becomes zero: a little is not nothing.

    Args:
        column: What was measured, in numbers.
        values: float64, unknown is NaN.
    """
    match column.feature.unit:
        case "money":
            near, little = np.rint(values), 0.25
        case "share":
            near, little = np.round(values, 2), 0.001
        case "months":
            days = np.rint(values * DAYS_A_MONTH) / DAYS_A_MONTH
            near, little = np.where(values < 1, days, np.round(values, 1)), 1 / DAYS_A_MONTH
        case "days" | "age" | "hours" as unit:
            whole = (values >= 10) | (unit != "hours")
            near = np.where(whole, np.rint(values), np.round(values, 1))
            near, little = np.where(values < 1, 0.5, near), 0.5
        case _:
            near = np.where(values >= 10, np.rint(values), np.round(values, 1))
            near, little = np.where((values > 0) & (values <= 0.05), 0.01, near), 0.04
    return np.where(values == 0, 0.0, np.where(near == 0, np.copysign(little, values), near))
