"""Score one part of the subscribers, anywhere: what it takes lies in the home."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from time import perf_counter

import polars as pl

from perdura.features.build import build_features
from perdura.features.catalogue import COLUMNS, reads_contacts, to_measure
from perdura.features.topics.attributes import attribute_features, attributes_in
from perdura.flows.orchestration.recorded import flow, step_of_flow
from perdura.flows.orchestration.task_runner import gather_results
from perdura.flows.runtime.parts import draft_of, memoised_on_disk, with_absolute_paths
from perdura.flows.settings import Settings
from perdura.flows.steps.business import business_of
from perdura.flows.steps.exchange_rates import exchange_at
from perdura.flows.steps.night_accounts import with_accounts
from perdura.flows.steps.not_scored import sum_not_scored
from perdura.flows.steps.unknown_texts import count_unknown
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.scoring.action_table import read_actions
from perdura.models.scoring.control_group import assign_control_group, quarter_of
from perdura.models.scoring.lifetime_value import Valuation
from perdura.models.scoring.score import score
from perdura.models.scoring.thresholds import Thresholds
from perdura.progress import OnProgress
from perdura.sources.landing.partition import Part
from perdura.sources.states.states import SCORED, states_at

#: Folder of the model among a night's scratch files.
MODEL = "model"
#: File of the subscribers in the high band the night before, among them.
WAS_HIGH = "was_high.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPart:
    """One part of a night.

    Attributes:
        file: Its scores (Arrow), as ``risk.table.publish`` takes them; none: no one is active.
        known: How many people were known.
        rows: How many of them were scored.
        seconds: By step.
        unknown: The texts that the model has never seen, as of ``count_unknown``.
        not_scored: Subscribers and MRR of the others, as of ``sum_not_scored``.
    """

    file: str | None
    known: int
    rows: int
    seconds: dict[str, float]
    unknown: str = "{}"
    not_scored: str = "[]"


def score_part(part: Part, as_of: datetime, settings: Settings, folder: Path) -> ScoredPart:
    """Score the active subscribers of one part, by the model in ``folder``."""
    mark = folder / f"part-{part.number:03}.done"
    kept = memoised_on_disk(
        mark, lambda: pl.DataFrame([_score_part(part, as_of, settings, folder)])
    )
    return ScoredPart(**kept.row(0, named=True))


def _score_part(part: Part, as_of: datetime, settings: Settings, folder: Path) -> ScoredPart:
    seconds: dict[str, float] = {}
    events = settings.landing.events(part)
    business = business_of(settings.churn, settings.value)
    subscribers = _timed("states", seconds, lambda: states_at(events, as_of, **business))
    active = subscribers.filter(pl.col("state").is_in(SCORED))
    if active.is_empty():
        return ScoredPart(
            file=None,
            known=subscribers.height,
            rows=0,
            seconds=seconds,
            not_scored=sum_not_scored(subscribers),
        )
    active = with_accounts(active, events, as_of, settings.landing)
    pairs = active.select("subscriber_id", "as_of")
    names = _model(folder / MODEL).contract.names
    features = to_measure(contacts=reads_contacts(names), attributes=attributes_in(names))
    rows = _timed("features", seconds, lambda: build_features(events, features, pairs))
    scores = _timed("reasons", seconds, lambda: _score(rows, active, as_of, settings, folder))
    file = folder / f"part-{part.number:03}.arrow"
    with draft_of(file) as draft:
        scores.write_ipc(draft)
    return ScoredPart(
        file=str(file),
        known=subscribers.height,
        rows=scores.height,
        seconds=seconds,
        unknown=count_unknown(_model(folder / MODEL), rows),
        not_scored=sum_not_scored(subscribers),
    )


score_part_step = step_of_flow(score_part, "score-part")


@flow(name="score-parts", validate_parameters=False)
def score_parts(
    parts: list[Part], as_of: datetime, settings: Settings, folder: Path, on_progress: OnProgress
) -> list[ScoredPart]:
    """Score every part. A part that was lost with its worker is scored again, and no other."""
    anywhere = with_absolute_paths(settings)
    pending = [score_part_step.submit(part, as_of, anywhere, folder) for part in parts]
    return gather_results(pending, on_progress, "score")


def _score(
    rows: pl.DataFrame, subscribers: pl.DataFrame, as_of: datetime, settings: Settings, folder: Path
) -> pl.DataFrame:
    model = _model(folder / MODEL)
    attributes = attribute_features(attributes_in(model.contract.names))
    scored = score(
        model,
        rows,
        (*COLUMNS.values(), *(attribute.columns[0] for attribute in attributes)),
        about=subscribers.drop("interval_months"),
        language=settings.language,
        unnamed=settings.risk_table.never_named,
        valuation=Valuation(
            margin=settings.value.margin,
            discount=settings.value.discount_rate,
            months=settings.value.cltv_months,
            exchange=exchange_at(settings.value, as_of),
        ),
        thresholds=Thresholds(
            high=settings.risk_table.high,
            stays=settings.risk_table.band_stays,
            offer_from=settings.support.offer_from,
        ),
        was_high=_was_high(folder / WAS_HIGH),
        actions=read_actions(settings.support.actions) if settings.support.actions else None,
    )
    return assign_control_group(
        scored, quarter_of(as_of.date()), settings.support.control_group, settings.language
    )


@lru_cache(maxsize=1)
def _model(folder: Path) -> ChurnModel:
    return ChurnModel.load(folder)


def _was_high(file: Path) -> pl.Series:
    """Ids of subscribers in the high band the night before; none where nothing was written."""
    if not file.exists():
        return pl.Series(dtype=pl.String)
    return pl.read_parquet(file)["subscriber_id"]


def _timed(name: str, seconds: dict[str, float], work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    start = perf_counter()
    done = work()
    seconds[name] = seconds.get(name, 0.0) + perf_counter() - start
    return done
