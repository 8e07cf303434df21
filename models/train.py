"""Fit the churn model on the past, calibrate it on later rows, judge it on what came after."""

from dataclasses import dataclass

import polars as pl

from models.baselines import baseline_risks
from models.encoding import learn_contract
from models.fingerprint import fingerprint
from models.judge import judge
from models.learn import Encoded, encode, learn_model
from models.model import ChurnModel
from models.params import TrainingParams
from models.people import person_column
from models.promote import Floors, verdict
from models.reigning import ask_champion
from models.split import Split, split_rows
from models.trained import Trained
from models.training_set import Progress, TrainingSet

_STEPS = ("split", "fit", "judge", "compare")

#: What is told of a judged row besides its risks, where the spine has it.
_TOLD = {
    "plan": pl.String,
    "interval_months": pl.Int32,
    "currency": pl.String,
    "country": pl.String,
    "mrr": pl.Int64,
}


def train(
    training: TrainingSet,
    params: TrainingParams,
    *,
    champion: ChurnModel | None = None,
    floors: Floors | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Fit and judge a model. Nothing is written, and nobody is promoted by it.

    Args:
        training: Labelled feature rows.
        params: What to learn, on which rows.
        champion: Whom to beat, where somebody reigns.
        floors: What the model must reach whoever reigns.
        progress: Told before each step: how many are done, of how many, and which is next.

    Raises:
        HistoryTooShort: There are too few dates for a split by time.
        NotEnoughChurn: A part of the split has only people who left, or only who stayed.
    """
    tell = progress or _silent
    made = fit_and_judge(training, params, tell)
    split, model, judged = made.split, made.model, made.judged
    tell(3, len(_STEPS), _STEPS[3])
    reigning = ask_champion(champion, split.judge, training.newest, training.names, params)
    if reigning.risk is not None:
        judged = judged.with_columns(reigning.risk)
    calls = training.shares.calls(params.calls)
    judgements = {
        name: judge(judged.drop_nulls(risk), risk, calls=calls) for name, risk in who_says(judged)
    }
    decided = verdict(judged, judgements, reigning, floors=floors)
    tell(4, len(_STEPS), "done")
    return Trained(
        model=model,
        params=params,
        judgements=judgements,
        judged=judged,
        verdict=decided,
        fingerprint=fingerprint(training.rows, training.known_until),
        sizes=split.sizes,
        shares=training.shares,
        columns=training.columns,
        beaten=champion,
    )


@dataclass(frozen=True, slots=True)
class Made:
    """A model, what it was fitted and judged on, and what it says of the judged rows."""

    split: Split
    model: ChurnModel
    judged: pl.DataFrame


def fit_and_judge(training: TrainingSet, params: TrainingParams, tell: Progress) -> Made:
    """A model, and the judged rows as in ``Trained``; the first steps of ``train``."""
    tell(0, len(_STEPS), _STEPS[0])
    split = split_rows(training.rows, params)
    contract = learn_contract(split.fit, training.names, seen=training.seen)
    fit = encode(contract, split.fit, training.shares.stayers)
    calibrate = encode(contract, split.calibrate)
    tell(1, len(_STEPS), _STEPS[1])
    model = learn_model(contract, split, fit, calibrate, params)
    tell(2, len(_STEPS), _STEPS[2])
    return Made(split, model, _judged(training, split, model, fit, calibrate))


def _judged(
    training: TrainingSet, split: Split, model: ChurnModel, fit: Encoded, calibrate: Encoded
) -> pl.DataFrame:
    """The judged rows, the risks of the model and of the baselines, and what is told of them."""
    matrix = model.contract.encode(split.judge.select(model.contract.names))
    baselines = baseline_risks(model.contract, fit.leaving, calibrate.leaving, matrix)
    told = [name for name in training.about.columns if name in _TOLD]
    keys = ["subscriber_id", "as_of"]
    return (
        split.judge.select(*keys, "churned", "cause", owner=person_column(split.judge))
        .hstack(model.predict_encoded(matrix))
        .with_columns(pl.Series(name, risk) for name, risk in baselines.items())
        .join(training.about.select(*keys, *told), on=keys, how="left", maintain_order="left")
        .with_columns(
            pl.lit(None, dtype=kind).alias(name) for name, kind in _TOLD.items() if name not in told
        )
    )


def who_says(judged: pl.DataFrame) -> list[tuple[str, str]]:
    """Who says a risk of the judged rows, and in which column."""
    others = ("constant", "recency", "logistic", "champion")
    return [("model", "risk"), *((name, name) for name in others if name in judged.columns)]


def _silent(done: int, of: int, what: str) -> None:
    """Nobody asked to be told."""
