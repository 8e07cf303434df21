"""What may be published: the columns, types and rules that scores must keep as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from perdura.risk.errors import BadScores
from perdura.risk.schema.risk_columns import RISK_COLUMNS
from perdura.risk.schema.tables import ADVICE, LONGEST_KEY, SCORED_STATES

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

#: What comes in: one row per subscriber with these columns, and any of the optional ones.
REQUIRED = tuple(declared.name for declared in RISK_COLUMNS if declared.given == "required")
OPTIONAL = tuple(declared.name for declared in RISK_COLUMNS if declared.given == "optional")
MOST_REASONS = 4

_GIVEN = {declared.name: declared for declared in RISK_COLUMNS if declared.given}
_MAY_BE_NULL = tuple(name for name, declared in _GIVEN.items() if declared.nullable)
_PROBABILITIES = tuple(name for name, declared in _GIVEN.items() if declared.rule == "probability")
_AMOUNTS = tuple(name for name, declared in _GIVEN.items() if declared.rule == "amount")
_TEXTS = tuple(name for name, declared in _GIVEN.items() if declared.kind is sa.Text)
_CUT = tuple(name for name, declared in _GIVEN.items() if declared.cut)
_LARGEST_MRR = 2**53  # above it floats, and so risk x mrr, skip integers


def checked(scores: pl.DataFrame | pd.DataFrame) -> pl.DataFrame:
    """The scores with the columns and types of the contract, if they may be published.

    Args:
        scores: One row per subscriber: ``REQUIRED`` and any of ``OPTIONAL``. ``mrr`` is in minor
            units, null where unknown; ``reasons`` a list of objects with ``signal`` and ``text``;
            ``offer`` is null where none must be made.

    Raises:
        BadScores: Says which rule is broken, how often, and gives an example.
    """
    typed = _typed(_named(as_polars(scores)))
    for broken, column, fault in (*_column_rules(), *_row_rules()):
        rows = typed.filter(broken)
        if len(rows):
            value = rows.head(1).to_dicts()[0][column]
            counted = "1 score" if len(rows) == 1 else f"{len(rows)} scores"
            raise bad_example(f"{counted} {fault}", value, rows["subscriber_id"][0])
    return typed


def bad_example(found: str, value: object, subscriber_id: str) -> BadScores:
    """The error that shows a value and keeps its subscriber beside the message."""
    return BadScores(
        f"{found}, e.g. {value!r}; subscriber_id of this error says whose", subscriber_id
    )


def as_polars(scores: pl.DataFrame | pd.DataFrame) -> pl.DataFrame:
    """The same rows as a Polars frame.

    Raises:
        BadScores: pandas holds what is no table.
    """
    import polars as pl

    if isinstance(scores, pl.DataFrame):
        return scores
    try:
        return pl.from_pandas(scores)
    except (ValueError, TypeError) as error:  # what pyarrow says to a column of mixed types
        mixed = [name for name in scores if scores[name].dropna().map(type).nunique() > 1]
        raise BadScores(
            f"the scores cannot be read as a table; columns of mixed types: {mixed or 'none'}"
        ) from error


def _named(scores: pl.DataFrame) -> pl.DataFrame:
    """The columns of the contract in its order, optional ones null where absent."""
    import polars as pl

    allowed = REQUIRED + OPTIONAL
    missing = [name for name in REQUIRED if name not in scores.columns]
    unknown = [name for name in scores.columns if name not in allowed]
    if missing or unknown:
        raise BadScores(
            f"the scores lack the columns {missing} and have the unknown columns {unknown}; "
            f"give {', '.join(REQUIRED)} and, where known, {', '.join(OPTIONAL)}"
        )
    absent = [name for name in OPTIONAL if name not in scores.columns]
    return scores.with_columns(pl.lit(None).alias(name) for name in absent).select(allowed)


def _typed(scores: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    for name, kind in scores.schema.items():
        if not _fits(name, kind):
            expected = {"reasons": "lists of {signal, text, ...}", "held_out": "true or false"}
            of_kind = "text" if name in _TEXTS else "numbers"
            raise BadScores(f"{name} should hold {expected.get(name, of_kind)} but is {kind}")
    reason = pl.List(pl.Struct({"signal": pl.String, "text": pl.String}))
    none_has_one = scores.schema["reasons"] == pl.List(pl.Null)
    return scores.with_columns(
        pl.col(_TEXTS).cast(pl.String),
        pl.col(_PROBABILITIES).cast(pl.Float64),
        *(_whole(scores[name]) for name in ("mrr", *_AMOUNTS)),
        pl.col("lifetime_months").cast(pl.Float64),
        pl.col("held_out").cast(pl.Boolean),
        pl.col("reasons").cast(reason) if none_has_one else pl.col("reasons"),
    ).with_columns(pl.col(_CUT).str.head(LONGEST_KEY))


def _fits(name: str, kind: pl.DataType) -> bool:
    import polars as pl

    if kind == pl.Null:
        return name in _MAY_BE_NULL
    if name == "reasons":
        inner = kind.inner if isinstance(kind, pl.List) else None
        if not isinstance(inner, pl.Struct):
            return inner == pl.Null  # no row has a reason
        types = {field.name: field.dtype for field in inner.fields}
        return types.get("signal") == pl.String and types.get("text") == pl.String
    if name == "held_out":
        return kind == pl.Boolean
    if name in _TEXTS:
        return isinstance(kind, (pl.String, pl.Categorical, pl.Enum))
    return kind.is_numeric()


def _whole(amounts: pl.Series) -> pl.Series:
    """Amounts as integers: pandas makes floats of them as soon as one is unknown."""
    import polars as pl

    if amounts.dtype.is_float():
        parts = amounts.filter((amounts != amounts.floor()) | ~amounts.is_finite())
        if len(parts):
            raise BadScores(
                f"{amounts.name} counts minor units, e.g. cents, in whole numbers; got {parts[0]}"
            )
    return amounts.cast(pl.Int64)


#: A rule: the rows that break it, the column to show, and how to say it.
Rule = tuple["pl.Expr", str, str]


def _column_rules() -> list[Rule]:
    """Rules on one column."""
    import polars as pl

    subscriber_id, mrr, advice = pl.col("subscriber_id"), pl.col("mrr"), pl.col("advice")
    parts = pl.col("risk_voluntary") + pl.col("risk_payment")
    never_null = [name for name in REQUIRED if name not in _MAY_BE_NULL]
    return [
        *((pl.col(name).is_null(), name, f"without {name}") for name in never_null),
        (subscriber_id == "", "subscriber_id", "without subscriber_id"),
        (subscriber_id.is_duplicated(), "risk", "of a subscriber who is scored twice"),
        (~pl.col("state").is_in(SCORED_STATES), "state", f"in none of the states {SCORED_STATES}"),
        *((~pl.col(p).is_between(0, 1), p, f"with {p} outside [0, 1]") for p in _PROBABILITIES),
        ((parts - pl.col("risk")).abs() > 1e-6, "risk", "whose parts do not add up to the risk"),
        (~mrr.is_between(0, _LARGEST_MRR), "mrr", "with an mrr below 0 or over 2**53"),
        *(
            (pl.col(name).str.len_chars() > LONGEST_KEY, name, f"with over {LONGEST_KEY} in {name}")
            for name in ("action", "currency", "value_currency")
        ),
        (mrr.is_not_null() & pl.col("currency").is_null(), "mrr", "with an mrr but no currency"),
        (~advice.is_in(ADVICE), "advice", f"with an advice that is none of {ADVICE}"),
    ]


def _row_rules() -> list[Rule]:
    """Rules on offers, amounts and reasons."""
    import polars as pl

    advice, reason = pl.col("advice"), pl.element().struct
    wordless = reason.field("signal").is_null() | reason.field("text").is_null()
    return [
        (
            pl.col("offer").is_not_null() & (pl.col("state") != "active"),
            "state",
            "with an offer to somebody in trouble",
        ),
        ((advice == "offer") & pl.col("offer").is_null(), "advice", "to offer, but without offer"),
        *(
            (pl.col(name) < 0, name, f"with {name} below 0")
            for name in ("lifetime_months", *_AMOUNTS)
        ),
        (
            pl.any_horizontal(pl.col(_AMOUNTS).is_not_null()) & pl.col("value_currency").is_null(),
            "cltv",
            "with a worth but no value_currency",
        ),
        (
            pl.col("reasons").list.len() > MOST_REASONS,
            "reasons",
            f"with over {MOST_REASONS} reasons",
        ),
        (pl.col("reasons").list.eval(wordless).list.any(), "reasons", "with a reason unsaid"),
    ]
