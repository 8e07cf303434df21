"""A reason lies on the bad side of what is typical of comparable subscribers, and says what is."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from perdura.features.catalogue import COLUMNS
from perdura.models.boosting.booster import Examples, booster_text, fit_booster
from perdura.models.params import BoosterParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.column_contract import ColumnContract, ContractColumn
from perdura.models.predictor.typical_values import Group, TypicalValues
from perdura.models.scoring.comparison import Comparison, is_harmless
from perdura.models.scoring.score import score
from perdura.models.scoring.thresholds import Thresholds
from tests.support.small_model import small_model

NEVER = np.inf


@pytest.mark.parametrize(
    ("name", "value", "usual", "harmless"),
    [
        ("reply_hours_max_30d", 1.8, 6.3, True),
        ("reply_hours_max_30d", 6.31, 6.3, True),  # said alike
        ("reply_hours_max_30d", 6.4, 6.3, False),
        ("reply_hours_max_30d", None, 6.3, True),  # nothing was waited for
        ("reply_hours_max_30d", 60, None, True),  # slow beside what?
        ("tickets_opened_90d", 1, 3, True),
        ("tickets_opened_90d", 1, 0, False),
        ("usage_30d", 10, 45, False),
        ("usage_30d", 60, 45, True),
        ("usage_30d", 0, 0, True),
        ("days_since_used", 3, 5, True),
        ("days_since_used", None, 5, False),  # never
        ("days_since_ticket", 3, NEVER, False),
        ("days_since_ticket", None, 40, True),
        ("days_since_price_rise", 20, NEVER, False),
        ("days_since_price_rise", 20, None, False),  # a price rise is bad beside nothing
        ("days_since_price_rise", 700, 300, True),
        ("amount_paid_365d", 44_586, 80_000, False),
        ("amount_paid_365d", 80_040, 80_000, True),
        ("mrr", 2_900, 2_900, True),
        ("mrr", 9_900, 2_900, False),
        ("quantity", 1, 3, False),
        ("days_to_renewal", 12, 15, False),
        ("days_to_renewal", 170, 90, True),
        ("payments_failed_90d", 1, 4, False),  # bad whatever is typical
    ],
)
def test_a_value_on_the_good_side_of_the_typical_one_is_no_sign_of_leaving(
    name, value, usual, harmless
):
    values = (np.array([np.nan if one is None else one], float) for one in (value, usual))
    assert is_harmless(COLUMNS[name], *values).tolist() == [harmless]


MONEY = ["amount_paid_90d", "payment_currency", "days_since_ticket"]
TYPICAL = TypicalValues(
    (
        Group(
            {},
            {"payment_currency": "EUR", "days_since_ticket": None, "amount_paid_90d": 10.0},
            {"amount_paid_90d": 6_000.0, "days_since_ticket": 40.0},
        ),
    )
)


@pytest.mark.parametrize(("currency", "usual"), [("EUR", 6_000), ("JPY", None), (None, None)])
def test_amounts_are_compared_in_the_typical_currency_alone(currency, usual):
    contract = ColumnContract(
        tuple(ContractColumn(n, ("EUR", "JPY") if "currency" in n else None) for n in MONEY)
    )
    rows = pl.DataFrame([{MONEY[0]: 500.0, MONEY[1]: currency, MONEY[2]: 3.0}])
    group = np.zeros(1, np.int64)
    columns = [COLUMNS[name] for name in MONEY]
    found = Comparison(columns, contract.numbers(rows), TYPICAL.encode(contract), group)
    assert found.usual(0).tolist() == pytest.approx(
        [np.nan if usual is None else usual], nan_ok=True
    )
    assert found.usual(2).tolist() == [NEVER]  # of most there never was a ticket
    alone = replace(found, typical=None)
    assert np.isnan([alone.usual(index) for index in range(3)]).all()


NAMES = ("reply_hours_max_30d", "usage_30d", "resolution_hours_mean_365d")


@cache
def asking_is_leaving() -> ChurnModel:
    """A model that has learnt: who asked anything leaves, and who uses the service little."""
    random, contract = np.random.default_rng(0), ColumnContract(tuple(map(ContractColumn, NAMES)))
    asked, used = random.random(3_000) < 0.4, random.uniform(0, 90, 3_000)
    hours = np.where(asked, random.exponential(9, 3_000), np.nan)
    matrix = np.column_stack([hours, used, np.full(3_000, 26.0)])
    odds = 3.0 * asked + 3.0 * (used < 30) - 3.0
    left = (random.random(3_000) < 1 / (1 + np.exp(-odds))).astype(float)
    params = BoosterParams(rounds=30, min_data_in_leaf=30, learning_rate=0.2, threads=1)
    trees = fit_booster(Examples(matrix, left), None, list(NAMES), params)
    known: dict[str, float] = dict(zip(NAMES, (6.3, 45.0, 26.0), strict=True))
    values = {**known, NAMES[0]: None}
    return small_model(
        booster_text=booster_text(trees),
        contract=contract,
        cause_text=None,
        typical=TypicalValues((Group({}, values, known),)),
    )


def told(
    model: ChurnModel, hours: float | None, used: float, resolved: float = 26.0
) -> tuple[list[dict[str, str]], str]:
    """The reasons for one subscriber, English and Spanish, and the action."""
    values = dict(zip(NAMES, (hours, used, resolved), strict=True))
    row = pl.DataFrame([{"subscriber_id": "ann", "as_of": 0, **values}])
    columns = [COLUMNS[name] for name in NAMES]
    found = score(model, row, columns, thresholds=Thresholds(high=0.0)).row(0, named=True)
    reasons = [{"en": r["text"], **json.loads(r["translations"])} for r in found["reasons"]]
    return reasons, found["action"]


def test_a_quick_reply_is_no_reason_and_is_not_apologised_for():
    assert told(asking_is_leaving(), 1.8, 60.0) == ([], "check_in")


def test_what_a_quick_reply_adds_is_not_put_down_to_something_else_of_its_signal():
    assert told(asking_is_leaving(), 1.8, 60.0, resolved=27.0) == ([], "check_in")


def test_a_slow_reply_and_little_usage_say_what_is_typical_of_similar_customers():
    assert told(asking_is_leaving(), 60.0, 60.0) == (
        [
            {
                "en": "the slowest reply took 60 hours in the last 30 days "
                "(similar customers: 6.3 hours)",
                "es": "la respuesta más lenta tardó 60 horas en los últimos 30 días "
                "(clientes similares: 6,3 horas)",
            }
        ],
        "answer_faster",
    )
    assert told(asking_is_leaving(), None, 10.0) == (
        [
            {
                "en": "used the service 10 times in the last 30 days (similar customers: 45)",
                "es": "usó el servicio 10 veces en los últimos 30 días (clientes similares: 45)",
            }
        ],
        "show_value",
    )


def test_where_nothing_is_known_to_be_typical_a_level_is_no_reason():
    assert told(replace(asking_is_leaving(), typical=None), 60.0, 10.0) == ([], "check_in")
