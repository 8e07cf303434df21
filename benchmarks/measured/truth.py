"""The model against a known truth: ``python -m benchmarks.measured.truth SUBSCRIBERS``.

It trains on two years of a simulated company and follows every subscriber for three years more.
Prints as JSON how near the model comes to the oracle in ranking, to actual survival and revenue.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from perdura.features.build import build_features
from perdura.features.catalogue import FEATURES
from perdura.flows.steps.training_window import training_dates
from perdura.models.dataset.labels import month_labels
from perdura.models.dataset.training_set import build_training_set
from perdura.models.evaluation.metrics import calibration_error
from perdura.models.evaluation.survival_metrics import HIGH_FROM, MEDIUM_FROM
from perdura.models.params import TrainingParams
from perdura.models.scoring.lifetime_value import Valuation, worth_of
from perdura.models.training.train import Trained, train
from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.merges import Events
from perdura.sources.simulator import simulate
from perdura.sources.states.states import scored_spine

UNTIL, LATER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
MONTHS, FOLLOWED = 62, 36
#: Subscribers who start in all the months, for each who starts in the first two years.
_MORE = 1.92

_KEYS = ["subscriber_id", "as_of"]


def main(subscribers: str) -> None:
    """Simulate, train, follow, compare."""
    with TemporaryDirectory() as folder:
        out, many = Path(folder), round(int(subscribers) * _MORE)
        simulate(out, subscribers=many, months=MONTHS, until=LATER.date())
        extract(out / "mapping.toml", until=LATER, landing=out / "landing")
        events = Landing(out / "landing").events()
        trained = _trained(events)
        truth = pl.read_parquet(out / "truth" / "truth.parquet")
        result = _ranking(trained, truth) | _staying(trained, events)
    print(json.dumps(result))


def _trained(events: Events) -> Trained:
    params, spine = TrainingParams(), scored_spine(events, training_dates(events, UNTIL, 24))
    training = build_training_set(events, FEATURES, spine, params, known_until=UNTIL)
    return train(training, params)


def _ranking(trained: Trained, truth: pl.DataFrame) -> dict[str, float]:
    """The model's share of the oracle's ROC AUC above 0.5."""
    names = ["risk", "risk_voluntary", "risk_payment"]
    true_risks = truth.select(*_KEYS, pl.col(names).name.prefix("true_"))
    rows = trained.test_rows.join(true_risks, on=_KEYS, how="left", validate="1:1")
    causes: dict[str, float] = {}
    for cause in ("voluntary", "payment"):
        left, part = rows["cause"].eq_missing(pl.Series([cause])), f"risk_{cause}"
        causes[cause] = _share(left, rows, part)
        causes[f"{cause} error"] = calibration_error(rows.with_columns(churned=left), part)
    metrics = trained.metrics_by_model["model"]
    return {
        "judged rows": rows.height,
        "leavers": int(rows["churned"].sum()),
        "risk": _share(rows["churned"], rows, "risk"),
        **causes,
        "calibration error": metrics.calibration_error,
        "expansion": _expansion(trained, truth),
        "offer error": trained.expansion.logged["expansion.calibration_error"],
    }


def _expansion(trained: Trained, truth: pl.DataFrame) -> float:
    """The same share for offers, on the rows with a known truth."""
    true_offers = truth.select(*_KEYS, true_offer="expansion").drop_nulls()
    rows = trained.expansion.test_rows.join(true_offers, on=_KEYS)
    return _share(rows["expanded"], rows, "offer")


def _share(happened: pl.Series, rows: pl.DataFrame, said: str) -> float:
    model, oracle = (roc_auc_score(happened, rows[name]) for name in (said, f"true_{said}"))
    return float((model - 0.5) / (oracle - 0.5))


def _staying(trained: Trained, events: Events) -> dict[str, float]:
    """Survival and CLTV predicted on the day of the training, and what came."""
    people, by = scored_spine(events, [UNTIL]), Valuation(months=FOLLOWED)
    rows = build_features(events, FEATURES, people.select(_KEYS))
    curve = trained.model.survival(rows)
    worth = worth_of(curve, people["mrr"], people["currency"], by)
    stayed = _stayed(events, people)
    force = -np.log(by.monthly)
    earned = np.rint(people["mrr"].to_numpy() * by.margin * (1 - np.exp(-force * stayed)) / force)
    said, low, high = (worth[name].to_numpy() for name in ("cltv", "cltv_low", "cltv_high"))
    inside = (earned >= low) & (earned <= high)
    survived = {
        f"survival {month} {side}": float(np.mean(value))
        for month in (3, 6, 12)
        for side, value in (
            ("said", worth[f"survival_{month}m"].to_numpy()),
            ("came", stayed >= month),
        )
    }
    by_band = _by_band(1 - curve[:, 0], curve, stayed, said / earned.mean(), earned / earned.mean())
    return survived | {
        "followed": people.height,
        "by band": by_band,
        "CLTV, said over earned": float(said.mean() / earned.mean()),
        "within the bounds": float(inside.mean()),
    }


def _by_band(
    risk: np.ndarray, curve: np.ndarray, stayed: np.ndarray, said: np.ndarray, earned: np.ndarray
) -> dict[str, dict[str, float]]:
    """Survival and CLTV of each band of risk, predicted and actual."""
    edges = {"high": (HIGH_FROM, 1.0), "medium": (MEDIUM_FROM, HIGH_FROM), "low": (0, MEDIUM_FROM)}
    found: dict[str, dict[str, float]] = {}
    for band, (least, most) in edges.items():
        those = (risk >= least) & (risk < most)
        found[band] = {"people": int(those.sum()), "CLTV": said[those].sum() / earned[those].sum()}
        for month in (3, 6, 12):
            found[band][f"{month} said"] = float(curve[those, month - 1].mean())
            found[band][f"{month} came"] = float((stayed[those] >= month).mean())
    return found


def _stayed(events: Events, people: pl.DataFrame) -> np.ndarray:
    """How many months each stayed, the one they left in as a half, at most as many as followed."""
    stayed = np.full(people.height, float(FOLLOWED))
    for month in reversed(range(FOLLOWED)):
        labels = month_labels(
            events,
            people.select(_KEYS).with_columns(month=pl.lit(month)),
            horizon_days=30,
            grace_days=30,
            known_until=LATER,
        )
        stayed[labels["churned"].fill_null(value=False).to_numpy()] = month + 0.5
    return stayed


if __name__ == "__main__":
    main(*sys.argv[1:])
