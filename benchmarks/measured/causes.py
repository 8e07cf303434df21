"""How often reasons name the planted cause: ``python -m benchmarks.measured.causes SUBSCRIBERS``.

Companies of known causes, 24 months each, a seed after another. In the riskiest
tenth of the test set it counts how often the planted cause is among the first three reasons: of
leavers, and of all. The reasons are those of the model that was evaluated, which was not fitted on
these rows. Prints as JSON a row per cause, all seeds together.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from perdura.features.catalogue import COLUMNS, FEATURES
from perdura.flows.steps.training_window import training_dates
from perdura.models.dataset.training_set import build_training_set
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.scoring.reasons import explain
from perdura.models.training.train import fit_and_evaluate
from perdura.progress import no_progress
from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.simulator import simulate
from perdura.sources.states.states import scored_spine

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
MONTHS = 24
#: So many that the rarest cause has some fifty leavers.
SEEDS = tuple(range(101, 111))

_KEYS = ["subscriber_id", "as_of"]
_FIRST = 3


def main(subscribers: str) -> None:
    """Simulate each company, train, and count the causes that reasons name."""
    found = pl.concat([_company(int(subscribers), seed) for seed in SEEDS])
    print(json.dumps({"seeds": len(SEEDS), "causes": together(found).to_dicts()}))


def by_cause(test_rows: pl.DataFrame, rows: pl.DataFrame, model: ChurnModel) -> pl.DataFrame:
    """How often the planted cause is among the first three reasons, in the riskiest tenth.

    Args:
        test_rows: ``subscriber_id``, ``as_of``, ``risk``, ``churned`` and ``cause_signal``, the
            planted cause, null where no signal stands out.
        rows: The features of the same rows, and others.
        model: The model that gives the reasons.

    Returns:
        One row per cause: ``cause``, ``leavers`` and ``all`` rows that it is planted in, and the
        shares of either that name it, ``leavers_named`` and ``all_named``.
    """
    riskiest = test_rows.filter(pl.col("risk") >= test_rows["risk"].quantile(0.9))
    features = riskiest.select(_KEYS).join(rows, on=_KEYS, how="left", maintain_order="left")
    given = explain(model, features.select(model.contract.names), tuple(COLUMNS.values()))
    signals = given.list.head(_FIRST).list.eval(pl.element().struct.field("signal"))
    named = signals.alias("signals").to_frame().hstack(riskiest.select("cause_signal", "churned"))
    counted = (
        named.drop_nulls("cause_signal")
        .with_columns(named=pl.col("signals").list.contains(pl.col("cause_signal")))
        .group_by(cause="cause_signal")
        .agg(
            leavers=pl.col("churned").sum(),
            all=pl.len(),
            leavers_named=pl.col("named").filter("churned").sum(),
            all_named=pl.col("named").sum(),
        )
    )
    return _shares(counted)


def together(found: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``by_cause`` of several companies as of one."""
    counts = ("leavers", "all")
    counted = found.group_by("cause").agg(
        *(pl.col(count).sum() for count in counts),
        *(
            (pl.col(count) * pl.col(f"{count}_named")).sum().name.suffix("_named")
            for count in counts
        ),
    )
    return _shares(counted)


def _shares(counted: pl.DataFrame) -> pl.DataFrame:
    shares = [(pl.col(f"{of}_named") / pl.col(of)).fill_nan(0.0) for of in ("leavers", "all")]
    return counted.with_columns(shares).sort("cause")


def _company(subscribers: int, seed: int) -> pl.DataFrame:
    with TemporaryDirectory() as folder:
        out = Path(folder)
        simulate(out, subscribers=subscribers, months=MONTHS, seed=seed)
        extract(out / "mapping.toml", until=UNTIL, landing=out / "landing")
        events = Landing(out / "landing").events()
        spine = scored_spine(events, training_dates(events, UNTIL, 36))
        params = TrainingParams()
        training = build_training_set(events, FEATURES, spine, params, known_until=UNTIL)
        made = fit_and_evaluate(training, params, no_progress, baselines=())
        truth = pl.read_parquet(out / "truth" / "truth.parquet").select(*_KEYS, "cause_signal")
    test_rows = made.test_rows.join(truth, on=_KEYS, how="left", validate="1:1")
    return by_cause(test_rows, training.rows, made.model)


if __name__ == "__main__":
    main(*sys.argv[1:])
