"""The words of a night's rows as numbers of phrases: each phrase is kept once a night."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from perdura.risk.content_hash import hashes

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

#: What tells one phrase from another: columns of ``risk.schema.phrases.PHRASES``.
CONTENT = ("signal", "column_name", "text", "translations", "evidence")

#: Of which the others follow, within a night.
_SAID = CONTENT[:3]

#: What a reader may find in a reason; other fields of it are not kept.
REASON = ("signal", "text", "column", "value", "weight", "translations", "evidence")

_HASH_SEED = 7


#: What actions are called in other languages: by their words in the night's, by language.
Translations = Mapping[str, Mapping[str, str]]


def as_phrases(rows: pl.DataFrame, translations: Translations) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Checked scores with positions of phrases in place of words, and the phrases.

    Returns:
        The rows, with ``reasons`` as lists of ``{phrase, weight, value}``, ``action_phrase``, an
        empty ``action_text`` and ``reasons_hash``, which is the same if and only if all that the
        reasons and the action say is; and one row per phrase, with the columns of ``CONTENT``.
    """
    import polars as pl

    count = rows["reasons"].list.len().to_numpy()
    reasons = _flat(rows["reasons"])
    known = {text: as_json(words) for text, words in translations.items()}
    actions = rows.select(
        text="action_text",
        translations=pl.col("action_text").replace_strict(
            known, default=None, return_dtype=pl.String
        ),
    ).with_columns(_absent({"text", "translations"}))
    said = pl.concat([reasons.select(CONTENT), actions.select(CONTENT)])
    phrases = said.unique(maintain_order=True)
    position = _positions_of(said, phrases)
    coded = reasons.select("weight", "value").with_columns(
        phrase=pl.Series(position[: reasons.height], dtype=pl.UInt32)
    )
    coded_rows = rows.with_columns(
        _lists(coded.select("phrase", "weight", "value").to_struct("reasons"), count),
        action_text=pl.lit(""),
        action_phrase=pl.Series(position[reasons.height :], dtype=pl.UInt32),
        reasons_hash=pl.Series(_content(coded, hashes(phrases, _HASH_SEED)[position], count)),
    )
    return coded_rows, phrases


class Phrasebook:
    """The phrases of a night, numbered in their alphabetical order once all are known.

    So the same night has the same numbers, in whatever order and pieces it came.
    """

    def __init__(self) -> None:
        self._pieces: list[pl.DataFrame] = []
        self._more: list[dict[str, Any]] = []

    def add(self, phrases: pl.DataFrame) -> None:
        """Take the phrases of one piece."""
        self._pieces.append(phrases)

    def close(self) -> None:
        """All but those of moves are there: number them."""
        import numpy as np
        import polars as pl

        said = pl.concat(self._pieces)
        self._first = np.cumsum([0, *(phrases.height for phrases in self._pieces)])[:-1]
        self._pieces = []
        self._phrases = said.unique().sort(CONTENT)
        self._numbers = _positions_of(said, self._phrases) + 1

    def numbered(self, rows: pl.DataFrame, piece: np.ndarray[Any, Any]) -> pl.DataFrame:
        """Rows with numbers of phrases in place of their positions, and ``reasons`` as JSON text.

        Args:
            rows: As of ``as_phrases``.
            piece: Of each row, in which piece it came.
        """
        import numpy as np
        import polars as pl

        count, first = rows["reasons"].list.len().to_numpy(), self._first[piece]
        flat = rows["reasons"].filter(pl.Series(count > 0)).explode().struct.unnest()
        number = pl.Series(self._numbers[flat["phrase"].to_numpy() + np.repeat(first, count)])
        texts = flat.select(
            pl.format("[{},{},{}]", number, _number("weight"), _number("value"))
        ).to_series()
        joined = _lists(texts.alias("reasons"), count).list.join(",")
        return rows.with_columns(
            reasons=pl.format("[{}]", joined),
            action_phrase=pl.Series(self._numbers[rows["action_phrase"].to_numpy() + first]),
        )

    def reasons(self, coded: str) -> list[dict[str, Any]]:
        """What ``reasons`` of a numbered row say, with ``number``, the phrase's."""
        kept: list[tuple[int, str | None, str | None]] = json.loads(coded)
        return [
            {
                **dict(zip(CONTENT, self._rows[number - 1], strict=True)),
                "number": number,
                "value": None if value is None else float(value),
            }
            for number, _, value in kept
        ]

    def number_of(self, reason: Mapping[str, Any]) -> int:
        """The number of a phrase; one that none of the night's rows says is added.

        Args:
            reason: One of ``reasons``, or of another night: the columns of ``CONTENT``.
        """
        if "number" in reason:
            return reason["number"]
        key = tuple(reason[name] for name in _SAID)
        if key not in self._by_words:
            self._more.append({name: reason[name] for name in CONTENT})
            self._by_words[key] = self._phrases.height + len(self._more)
        return self._by_words[key]

    @property
    def table(self) -> pl.DataFrame:
        """All phrases: ``number`` and the columns of ``CONTENT``."""
        import polars as pl

        more = pl.DataFrame(self._more, schema=self._phrases.schema)
        return pl.concat([self._phrases, more]).with_row_index("number", offset=1)

    @cached_property
    def _by_words(self) -> dict[tuple[Any, ...], int]:
        return {row[: len(_SAID)]: number for number, row in enumerate(self._rows, start=1)}

    @cached_property
    def _rows(self) -> list[tuple[str | None, ...]]:
        return self._phrases.select(CONTENT).rows()


def _flat(reasons: pl.Series) -> pl.DataFrame:
    """One row per reason: the columns of ``CONTENT``, ``weight`` and ``value``."""
    import polars as pl

    fields = reasons.filter(reasons.list.len() > 0).explode().struct.unnest()
    known = fields.select(name for name in fields.columns if name in REASON)
    fields = known.rename({"column": "column_name"}, strict=False).with_columns(
        pl.col(name).struct.json_encode()
        for name in ("translations", "evidence")
        if isinstance(known.schema.get(name), pl.Struct)
    )
    numbers = [name for name in ("weight", "value") if name not in fields.columns]
    return fields.with_columns(
        *_absent({*fields.columns}),
        *(pl.lit(None, pl.Float64).alias(name) for name in numbers),
    ).with_columns(
        pl.col(CONTENT).cast(pl.String),
        pl.col("weight", "value").cast(pl.Float64).fill_nan(None),
    )


def _absent(there: set[str]) -> list[pl.Expr]:
    import polars as pl

    return [pl.lit(None, pl.String).alias(name) for name in CONTENT if name not in there]


def _positions_of(said: pl.DataFrame, phrases: pl.DataFrame) -> np.ndarray[Any, Any]:
    """Of each row of ``said`` its position among the different ``phrases``."""
    numbered = phrases.with_row_index("position")
    joined = said.join(
        numbered, on=list(CONTENT), how="left", nulls_equal=True, maintain_order="left"
    )
    return joined["position"].to_numpy()


def _content(
    coded: pl.DataFrame, said: np.ndarray[Any, Any], count: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Of each row one number for all that it says: its reasons in order, and its action."""
    import numpy as np

    ends = np.cumsum(count, dtype=np.int64)
    position = np.arange(coded.height) - np.repeat(ends - count, count)
    reason = said[: coded.height] * (2 * position.astype(np.uint64) + 3)
    reason += hashes(coded.select("weight", "value"), _HASH_SEED) * (position.astype(np.uint64) + 1)
    total = np.concatenate([[np.uint64(0)], np.cumsum(reason, dtype=np.uint64)])  # modulo 2**64
    return total[ends] - total[ends - count] + said[coded.height :]


def _lists(values: pl.Series, count: np.ndarray[Any, Any]) -> pl.Series:
    """One list per row, of ``count`` of the values, in order."""
    import numpy as np
    import polars as pl
    import pyarrow as pa

    ends = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
    flat = values.to_arrow(compat_level=pl.CompatLevel.newest())
    lists = pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), flat)
    return pl.Series(values.name, lists, dtype=pl.List(values.dtype))


def _number(name: str) -> pl.Expr:
    """A number as JSON text in quotes, which keep it as it is; null where there is none."""
    import polars as pl

    value = pl.col(name)
    finite = pl.when(value.is_finite()).then(pl.format('"{}"', value.cast(pl.String)))
    return finite.otherwise(pl.lit("null"))


def as_json(value: Any) -> str:
    """JSON as short as it can be: of the same objects the same text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
