"""Words that a night is read in are those of the features' phrases, in either language."""

import json
from datetime import date
from typing import Any, get_args

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from perdura.features.catalogue import COLUMNS
from perdura.features.definition import Language
from perdura.features.topics.phrases import say
from perdura.models.scoring.attribution import Attributions
from perdura.models.scoring.reasons import in_words
from perdura.risk.query.pages import one
from perdura.risk.query.phrases import in_language
from perdura.risk.query.queries import published_night
from perdura.risk.store.connect import reading
from perdura.risk.table import publish

NIGHT = date(2026, 3, 1)
NAMES = sorted(COLUMNS)
LANGUAGES: tuple[Language, ...] = get_args(Language)


class OfColumns:
    """A model of which only the names of its columns matter."""

    def __init__(self, names: list[str]) -> None:
        self.contract = self
        self.names = names


@st.composite
def measured(draw: Any) -> tuple[str, Any, str | None]:
    """A column, its value and the currency of its subscriber."""
    name = draw(st.sampled_from(NAMES))
    if COLUMNS[name].is_category:
        value = draw(
            st.none() | st.text(st.characters(codec="utf-8", min_codepoint=32), max_size=9)
        )
    else:
        counts, amounts = st.integers(0, 40).map(float), st.floats(0, 1e7)
        value = draw(st.none() | counts | amounts)
    return name, value, draw(st.sampled_from(["EUR", "JPY", "KWD", None]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(measured(), min_size=1, max_size=20, unique_by=lambda one: one[0]),
    st.sampled_from(LANGUAGES),
)
def test_words_made_on_reading_are_those_of_the_phrases(
    tmp_path_factory: Any, told: list[tuple[str, Any, str | None]], published: Language
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('words')}/risk.db"
    currencies = [currency for *_, currency in told]
    reasons = _reasons(told, currencies, published)
    publish(_scores(reasons), url, scored_on=NIGHT, model_version="1", language=published)
    with reading(url) as connection:
        night = published_night(connection)
        for number, (name, value, currency) in enumerate(told):
            # Where the model reads the column of a currency, amounts are in what that says.
            own = getattr(COLUMNS[name].feature, "currency", None)
            code = None if own in {other for other, *_ in told} else currency
            row = one(connection, f"s{number}") or {}
            for language in LANGUAGES:
                (read,) = in_language(connection, night, [row], language)
                (reason,) = read["reasons"]
                assert reason["text"] == say(COLUMNS[name], value, language, code)
                assert (read["reasons_in"], reason["column"]) == (language, name)


def _reasons(
    told: list[tuple[str, Any, str | None]], currencies: list[str | None], language: Language
) -> pl.Series:
    """One reason per row, as a model gives it: of the first row of the first column, and so on."""
    names = [name for name, *_ in told]
    height, places = len(told), np.arange(len(told))
    columns = {
        name: pl.Series([value if row == place else None for row in range(height)],
                        dtype=pl.String if COLUMNS[name].is_category else pl.Float64)
        for place, (name, value, _) in enumerate(told)
    }  # fmt: skip
    numbers = np.zeros(height)
    attributions = Attributions(
        score=numbers,
        cause_score=None,
        hazards=None,
        offer=None,
        count=np.ones(height, np.int64),
        weight=numbers + 1,
        signal=np.zeros(height, np.int64),
        column=places,
        usual=numbers * np.nan,
        signal_names=["any"],
    )
    found = in_words(
        attributions,
        OfColumns(names),  # type: ignore[arg-type]
        pl.DataFrame(columns),
        [COLUMNS[name] for name in names],
        language=language,
        currency=pl.Series(currencies, dtype=pl.String),
    )
    assert all(json.loads(reason["translations"]) for (reason,) in found)
    return found


def _scores(reasons: pl.Series) -> pl.DataFrame:
    return pl.DataFrame(
        {"subscriber_id": [f"s{n}" for n in range(len(reasons))], "reasons": reasons}
    ).with_columns(
        state=pl.lit("active"),
        risk=pl.lit(0.5),
        risk_voluntary=pl.lit(0.5),
        risk_payment=pl.lit(0.0),
        mrr=pl.lit(None, pl.Int64),
        currency=pl.lit(None, pl.String),
        action=pl.lit("call"),
        action_text=pl.lit("Call"),
    )
