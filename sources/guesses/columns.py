"""What a column of a sample holds: times and how they are written, numbers, ids, words."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import polars as pl

from perdura.sources.currencies import CODE
from perdura.sources.guesses.names import snake_case
from perdura.sources.guesses.time_forms import TimeForms, time_forms
from perdura.sources.mapping.values.meaning import says_nothing

Content = Literal["empty", "time", "number", "boolean", "email", "text"]

#: A column with no more different values than this is one of words, such as a status.
FEW = 40
_LOOKED_AT = 20_000
_NUMBER = r"^[-+(]?[0-9]+([.][0-9]+)?\)?$"
_BY_POINT = r"^[-+(]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)?\)?$|^[-+(]?[0-9]+([.][0-9]+)?\)?$"
_BY_COMMA = r"^[-+(]?[0-9]{1,3}([. '\u00a0][0-9]{3})+(,[0-9]+)?\)?$|^[-+(]?[0-9]+(,[0-9]+)?\)?$"
_SIGN = r"^([€$£¥₹]|[A-Z]{3} )?\s*(.*?)\s*([€$£¥₹]| ?[A-Z]{3})?$"
_BOOLEANS = {"true", "false", "t", "f", "yes", "no", "y", "n", "si", "sí", "ja", "nein"}
_TRUE = {"true", "t", "yes", "y", "si", "sí", "ja", "1"}
_CODE_OF_COUNTRY = r"^[A-Z]{2}$"


@dataclass(frozen=True, slots=True)
class SampledColumn:
    """One column.

    Attributes:
        name: Its name.
        content: What its values are, but for those that say that there is none.
        filled: The share of rows that have a value.
        distinct: How many different values there are.
        is_unique: Whether no value stands there twice.
        values: Its different values where these are few, the commonest first.
        times: How its times are written; ``None`` of all else.
        is_whole: Of numbers: whether none has decimals.
        decimal: Of numbers that are text: what stands before their decimals, if that shows.
        sign: Of numbers: the currency's sign beside them.
        least: Of numbers.
        greatest: Of numbers.
        null_words: Words that stand where there is no value.
        is_currency: Whether its values are ISO 4217 codes.
        is_country: Whether its values are ISO 3166-1 codes.
    """

    name: str
    content: Content
    filled: float
    distinct: int
    is_unique: bool
    values: tuple[str, ...] = ()
    times: TimeForms | None = None
    is_whole: bool = False
    decimal: str | None = None
    sign: str | None = None
    least: float = 0.0
    greatest: float = 0.0
    null_words: tuple[str, ...] = ()
    is_currency: bool = False
    is_country: bool = False

    @property
    def words(self) -> str:
        """Its name in small letters, words apart: ``subscriptionId`` is ``subscription_id``."""
        return snake_case(self.name)

    @property
    def true_word(self) -> str:
        """Of a boolean column: what stands there where it holds."""
        return next((value for value in self.values if value.lower() in _TRUE), "true")


def column_of(values: pl.Series, until: datetime | None = None) -> SampledColumn:
    """What a column holds.

    Args:
        values: A sample of it.
        until: Times more than 50 years after it are none; by default now.
    """
    name, rows = values.name, len(values)
    texts = values.cast(pl.String, strict=False).str.strip_chars()
    texts = pl.select(pl.when(texts != "").then(texts)).to_series()
    nothing = pl.select(says_nothing(pl.lit(texts)).fill_null(value=False)).to_series()
    nulls = tuple(sorted(texts.filter(nothing).unique()))[:5]
    texts = texts.filter(~nothing).drop_nulls()
    distinct = texts.n_unique()
    few = texts if distinct <= FEW else texts.clear()
    counts = few.alias("value").value_counts()
    commonest = counts.sort(["count", "value"], descending=[True, False])
    common = {
        "filled": len(texts) / rows if rows else 0.0,
        "distinct": distinct,
        "is_unique": distinct == len(texts) > 0,
        "null_words": nulls,
        "values": tuple(commonest["value"]),
    }
    made = _of_content(name, values, texts, until or datetime.now(UTC))
    return SampledColumn(**(common | made))  # pyright: ignore[reportArgumentType]


def _of_content(
    name: str, values: pl.Series, texts: pl.Series, until: datetime
) -> dict[str, object]:
    head = texts.head(_LOOKED_AT)
    if texts.is_empty():
        return {"name": name, "content": "empty"}
    lowered = {value.lower() for value in head.unique()}
    asks = re.match(r"(is|has|was|did)_|.*_(flag|enabled)$", snake_case(name))
    if values.dtype == pl.Boolean or lowered <= _BOOLEANS or (lowered <= {"0", "1"} and asks):
        return {"name": name, "content": "boolean"}
    times = time_forms(name, values if values.dtype.is_temporal() else head, until)
    if times:
        return {"name": name, "content": "time", "times": times}
    if number := _as_number(values, head):
        return {"name": name, "content": "number", **number}
    if head.str.contains(r"^[^@\s]+@[^@\s]+\.[^@\s]+$").sum() > 0.9 * len(head):
        return {"name": name, "content": "email"}
    upper = head.str.to_uppercase()
    named = snake_case(name)
    return {
        "name": name,
        "content": "text",
        "is_currency": bool(upper.str.contains(CODE).all()) and "curr" in named,
        "is_country": bool(head.str.contains(_CODE_OF_COUNTRY).all()) and "country" in named,
    }


def _as_number(values: pl.Series, texts: pl.Series) -> dict[str, object] | None:
    """How its numbers are written; ``None`` if they are none."""
    if values.dtype.is_numeric():
        plain = values.drop_nulls().cast(pl.Float64)
        return {"is_whole": bool((plain == plain.round()).all()), **_range(plain)}
    signs = texts.str.extract(_SIGN, 1).fill_null("") + texts.str.extract(_SIGN, 3).fill_null("")
    sign = signs.str.strip_chars().unique().drop_nulls()
    bare = texts.str.extract(_SIGN, 2)
    signed = [one for one in sign if one]
    for decimal, pattern in ((None, _NUMBER), (".", _BY_POINT), (",", _BY_COMMA)):
        if bare.str.contains(pattern).fill_null(value=False).all():
            mark = decimal or ("." if signed else None)
            thousands = "[., '\u00a0()]" if decimal is None else f"[^-0-9{re.escape(decimal)}]"
            text = bare if decimal is None else bare.str.replace_all(thousands, "")
            plain = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
            return {
                "decimal": mark,
                "sign": signed[0] if len(signed) == 1 else None,
                "is_whole": bool((plain == plain.round()).all()),
                **_range(plain.drop_nulls()),
            }
    return None


def _range(numbers: pl.Series) -> dict[str, object]:
    least, greatest = numbers.min(), numbers.max()
    return {
        "least": float(least) if isinstance(least, int | float) else 0.0,
        "greatest": float(greatest) if isinstance(greatest, int | float) else 0.0,
    }
