"""Every night: score each active subscriber with what was known by midnight."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from features.build import build_features
from features.catalogue import COLUMNS, FEATURES
from flows.extract_sources import extract_step
from flows.moments import midnight, refuse_future, today, valid_for
from flows.progress import Tell, step
from flows.settings import Settings
from models.actions import read_actions
from models.model import ChurnModel
from models.score import score
from models.tracking import load_champion
from risk.ranking import Bands
from risk.table import publish
from sources.extract import IncompleteExtract
from sources.freshness import degraded_sources
from sources.landing import landed_until, read_days, read_events
from sources.states import SCORED, states_at

states_step = task(name="states", cache_policy=NO_CACHE)(states_at)
features_step = task(name="features", cache_policy=NO_CACHE)(build_features)
score_step = task(name="score", cache_policy=NO_CACHE)(score)
publish_step = task(name="publish", cache_policy=NO_CACHE)(publish)


#: Said of a night that the model's fitting had already seen the outcome of.
HINDSIGHT = "the model was fitted on later outcomes"


class NotYetKnown(ValueError):
    """Nothing has been extracted of the time that is asked about. Nothing was published."""


class NobodyToScore(ValueError):
    """Nobody was active. Nothing was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One published night.

    Attributes:
        scored_on: Nothing known from this day on (UTC) was used.
        rows: Subscribers in it.
        model_version: Of the champion that scored them.
        degraded: Sources that were missing or stale.
        seconds: By step.
    """

    scored_on: date
    rows: int
    model_version: str
    degraded: tuple[str, ...]
    seconds: Mapping[str, float]


@flow(name="score-nightly")
def score_nightly(scored_on: date | None = None, home: Path | None = None) -> Night:
    """Score everybody active with what was known before ``scored_on`` (by default today, UTC).

    Safe to run again: a night is scored and published whole and replaces itself. If a step
    fails nothing is published, and support keeps reading the night before.

    Raises:
        NoChampion: No model has been promoted yet.
        NotYetKnown: Nothing has been extracted of the last days before ``scored_on``.
        NobodyToScore: Nobody was active.
    """
    settings, seconds = Settings.at(home), {}
    refuse_future(scored_on := scored_on or today())
    as_of = midnight(scored_on)
    model, version = load_champion(settings.home)
    with step("extract", seconds) as tell:
        _extract(settings, as_of, tell)
    _refuse_unread(settings, as_of)
    events = read_events(settings.landing)
    with step("states", seconds):
        people = _scored(states_step(events, as_of, **settings.business), as_of)
    with step("features", seconds) as tell:
        rows = features_step(events, FEATURES, people.select("subscriber_id", "as_of"), tell)
    with step("score", seconds) as tell:
        scores = _score(model, rows, people, settings, tell)
    night = Night(
        scored_on=scored_on,
        rows=scores.height,
        model_version=version,
        degraded=_degraded(settings, as_of, model),
        seconds=seconds,
    )
    with step("publish", seconds) as tell:
        _publish(scores, night, settings, tell)
    return night


def _extract(settings: Settings, as_of: datetime, tell: Tell) -> None:
    """Land what is new, where the settings say from what and it has not been done in full.

    A source that cannot be read does not stop the night: the scores say what they lack. The
    night done again asks it again.
    """
    newest = max(read_days(settings.landing).values(), key=lambda day: day.until, default=None)
    done = newest is not None and newest.until >= as_of and not newest.degraded
    if settings.mapping is None or done:
        return
    with suppress(IncompleteExtract):
        extract_step(settings.mapping, until=as_of, landing=settings.landing, progress=tell)


def _refuse_unread(settings: Settings, as_of: datetime) -> None:
    """Scores of a time of which nothing was read would tell everybody's silence, not their risk."""
    until = landed_until(settings.landing)
    if until and as_of - until > timedelta(days=settings.stale_after_days):
        raise NotYetKnown(
            f"asked to score {as_of:%Y-%m-%d}; what was known has been extracted until "
            f"{until:%Y-%m-%d} only, more than {settings.stale_after_days} days before. Extract "
            f"it first (perdura extract --mapping FILE --until {as_of:%Y-%m-%d})"
        )


def _scored(people: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    active = people.filter(pl.col("state").is_in(SCORED))
    if active.is_empty():
        raise NobodyToScore(
            f"asked to score those active on {as_of:%Y-%m-%d}; of {people.height:,} people known "
            "before it none was. Score a date within the history, or extract it first"
        )
    return active


def _score(
    model: ChurnModel, rows: pl.DataFrame, people: pl.DataFrame, settings: Settings, tell: Tell
) -> pl.DataFrame:
    return score_step(
        model,
        rows,
        tuple(COLUMNS.values()),
        about=people.drop("interval_months"),
        language=settings.language,
        actions=read_actions(settings.actions) if settings.actions else None,
        progress=tell,
    )


def _publish(scores: pl.DataFrame, night: Night, settings: Settings, tell: Tell) -> None:
    publish_step(
        scores,
        settings.risk_url,
        scored_on=night.scored_on,
        model_version=night.model_version,
        language=settings.language,
        degraded=night.degraded,
        bands=Bands(high=settings.high, medium=settings.medium),
        valid_for=valid_for(night.scored_on, settings.timezone),
        progress=tell,
    )


def _degraded(settings: Settings, as_of: datetime, model: ChurnModel) -> tuple[str, ...]:
    """The sources that were missing or stale, and whether the model knew what came after."""
    sources = degraded_sources(settings.landing, as_of, settings.stale_after_days)
    return (*sources, HINDSIGHT) if model.fitted_until > as_of else sources
