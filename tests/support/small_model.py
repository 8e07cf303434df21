"""A churn model of a few small trees, fitted in a moment: what it says is not the point."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Examples, booster_text, fit_booster
from perdura.models.params import BoosterParams
from perdura.models.predictor.calibration import Platt
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.column_contract import ColumnContract, ContractColumn

CONTRACT = ColumnContract(
    (ContractColumn("failed"), ContractColumn("plan", ("basic", "pro"), 1.0), ContractColumn("age"))
)
FITTED_UNTIL = datetime(2026, 1, 1, tzinfo=UTC)


def frame(rows: int = 60, seed: int = 0) -> pl.DataFrame:
    """Rows of the contract's columns: some values unknown, and a plan never seen."""
    random = np.random.default_rng(seed)
    plans = ["basic", "pro", "team", None]
    age = np.where(random.random(rows) < 0.2, np.nan, random.uniform(0, 900, rows))
    return pl.DataFrame(
        {
            "failed": random.poisson(1.0, rows).astype(float),
            "plan": pl.Series([plans[n] for n in random.integers(0, 4, rows)], dtype=pl.String),
            "age": pl.Series(age).fill_nan(None),
        }
    )


@cache
def trees(seed: int, month: bool = False) -> str:
    """The text of trees for the contract's columns; with ``month``, for two columns more."""
    random = np.random.default_rng(seed)
    matrix = CONTRACT.encode(frame(400, seed))
    names = CONTRACT.names
    if month:
        more = np.column_stack([random.normal(-2, 1, 400), random.integers(1, 12, 400)])
        matrix, names = np.column_stack([matrix, more]), [*names, "first_month", "month"]
    odds = np.nan_to_num(matrix[:, 0]) + random.normal(size=400)
    params = BoosterParams(rounds=6, min_data_in_leaf=15, learning_rate=0.3, seed=seed, threads=1)
    return booster_text(
        fit_booster(Examples(matrix, (odds > 1).astype(float)), None, names, params)
    )


def small_model(**own: Any) -> ChurnModel:
    """The model; ``own`` is what else is not as usual."""
    usual: dict[str, Any] = {
        "booster_text": trees(1),
        "calibration": Platt(0.9, -0.5),
        "cause_text": trees(2),
        "cause_calibration": Platt(1.1, 0.2),
        "payment_share": 0.3,
        "contract": CONTRACT,
        "churn": "contract",
        "lead_days": 0,
        "horizon_days": 30,
        "grace_days": 30,
        "fitted_until": FITTED_UNTIL,
        "evidence_fitted_until": FITTED_UNTIL,
    }
    return ChurnModel(**(usual | own))
