"""Every night: score each active subscriber with what was known by midnight."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import sleep

import polars as pl

from perdura.flows.configuration.dates import NotYet
from perdura.flows.integrations.send_webhooks import tell_webhooks
from perdura.flows.orchestration import run_names
from perdura.flows.orchestration.recorded import flow, step_of_flow
from perdura.flows.orchestration.task_runner import on_task_runner
from perdura.flows.runtime.home_lock import shares_home
from perdura.flows.runtime.model_store import wait_for_store
from perdura.flows.runtime.parts import parts_of
from perdura.flows.runtime.progress import STDERR, step
from perdura.flows.runtime.scratch import scratch
from perdura.flows.settings import Settings
from perdura.flows.steps.contact_events import written_events
from perdura.flows.steps.exchange_rates import stale_rates
from perdura.flows.steps.extract_sources import asking
from perdura.flows.steps.night_records import write_beside
from perdura.flows.steps.not_scored import not_scored
from perdura.flows.steps.score_parts import MODEL, ScoredPart, score_parts
from perdura.flows.steps.unknown_texts import UnknownTexts, too_many_unknown, unknown_texts
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.target import Question
from perdura.models.registry.champion import load_champion, load_trial
from perdura.models.scoring.action_table import translations
from perdura.risk.publish.ranking import Bands
from perdura.risk.table import publish
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS
from perdura.sources.extract import IncompleteExtract
from perdura.sources.landing.freshness import degraded_sources
from perdura.sources.landing.locks import read_lock
from perdura.sources.progress import OnProgress

publish_step = step_of_flow(publish, "publish")
beside_step = step_of_flow(write_beside, "beside")


#: Tell who is in trouble: without them nobody is offered anything.
_TELL_TROUBLE = {SUBSCRIPTIONS.name, PAYMENTS.name, TICKETS.name}

#: Seconds: Prefect rounds the wait before a run to whole ones.
_MOST_EARLY = 2.0

#: Said of a night that the model's fitting had already seen the outcome of.
FITTED_ON_LATER_OUTCOMES = "the model was fitted on later outcomes"


class NotYetKnown(ValueError):
    """Nothing has been extracted of the time that is asked about. Nothing was published."""


class NobodyToScore(ValueError):
    """Nobody was active. Nothing was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredNight:
    """One published night.

    Attributes:
        scored_on: Nothing known from this day on (UTC) was used.
        rows: Subscribers in it.
        model_version: Of the champion that scored them.
        degraded: Sources that were missing or stale, and columns of which too many subscribers
            have a text that the model has never seen.
        why_degraded: Why, and what to do, in words, by what ``degraded`` names.
        horizon_days: The risks are of leaving within so many days.
        unknown: The texts that the model has never seen, by column, the most frequent first.
        unlearnt: Why nobody has a CLTV, in words, where that is so for all.
        refused: Of a trial, why the version that scored it was refused; else ``None``.
        seconds: By step; of ``states``, ``features`` and ``reasons``, which make up ``score``,
            those of all parts together.
        untold: What went wrong with the webhooks, which never fail the night; ``None``: nothing.
    """

    scored_on: date
    rows: int
    model_version: str
    degraded: tuple[str, ...]
    horizon_days: int
    seconds: Mapping[str, float]
    unknown: Mapping[str, UnknownTexts] = field(default_factory=dict)
    unlearnt: str | None = None
    refused: str | None = None
    untold: str | None = None
    why_degraded: Mapping[str, str] = field(default_factory=dict)

    @property
    def took(self) -> float:
        """Seconds from beginning to end."""
        return sum(self.seconds[step] for step in ("extract", "score", "publish"))


@flow(name="night", flow_run_name=run_names.night)
@shares_home
def score_nightly(
    scored_on: date | None = None,
    home: Path | None = None,
    *,
    trial: bool = False,
    champion_at: datetime | None = None,
    notify: bool = True,
    patient: bool = True,
) -> ScoredNight:
    """Score everybody active with what was known before ``scored_on``.

    Safe to run again: a night is scored and published whole and replaces itself. If a step
    fails nothing is published, and support keeps reading the night before.

    A ``trial`` is scored by the best version that was refused, where there is no champion. It is
    marked as one wherever it is read, and no other tool is told of it.

    Args:
        scored_on: The date of the night; by default the newest of which all is known.
        home: Where everything is kept, if not where the settings say.
        trial: Whether the night is a trial.
        champion_at: Score with the version that was champion at this moment; by default now.
        notify: Whether webhooks hear of it.
        patient: Whether to ask a source that cannot be read again, after 30 s, 2 and 10 minutes.

    Raises:
        NotYet: The night uses what is still to come.
        NoChampion: No model has been promoted yet, or none that predicts what the settings ask.
        NoTrial: Of a trial, there is a champion, or no version that may be tried.
        TrialRefused: Of a trial, a champion has scored that night.
        NotYetKnown: Nothing has been extracted of the last days before ``scored_on``.
        NobodyToScore: Nobody was active.
    """
    settings, seconds = Settings.at(home), {}
    scored_on = scored_on or settings.nights.newest_known(datetime.now(UTC))
    wait_until(as_of := settings.nights.as_of(scored_on), scored_on)
    model, version, refused = model_of(settings, champion_at, trial=trial)
    with step("extract", seconds) as progress:
        _extract(settings, as_of, progress, patient=patient)
    refuse_unread(settings, as_of)
    why = _degraded(settings, as_of, model)
    degraded = tuple(why)
    with scratch(settings, f"night-{scored_on}") as folder:
        _fit_to_offer(model, degraded).save(folder / MODEL)
        with read_lock(settings.landing_folder), step("score", seconds) as progress:
            scored = _score(as_of, settings, folder, progress)
        unknown = unknown_texts((part.unknown for part in scored), sum(p.rows for p in scored))
        degraded += too_many_unknown(unknown)
        with step("publish", seconds) as progress:
            rows = _publish(
                scored,
                settings,
                scored_on=scored_on,
                model_version=version,
                horizon_days=model.horizon_days,
                trial=trial,
                degraded=degraded,
                progress=progress,
            )
            beside_step(settings, scored_on)
    return ScoredNight(
        scored_on=scored_on,
        rows=rows,
        model_version=version,
        degraded=degraded,
        why_degraded=why,
        horizon_days=model.horizon_days,
        unknown=unknown,
        unlearnt=None if model.months else _unlearnt(model),
        refused=refused,
        seconds=seconds | _seconds(scored),
        untold=tell_webhooks(settings) if notify else None,
    )


def wait_until(as_of: datetime, scored_on: date) -> None:
    """Wait out the moment by which Prefect starts a run early.

    Raises:
        NotYet: ``as_of`` is further away.
    """
    early = (as_of - datetime.now(UTC)).total_seconds()
    if early > _MOST_EARLY:
        raise NotYet(
            f"asked for the night of {scored_on}; it uses what is known by {as_of:%Y-%m-%d %H:%M} "
            f"UTC, and it is {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; give a day that has come"
        )
    sleep(max(0.0, early))


def model_of(
    settings: Settings, champion_at: datetime | None, *, trial: bool
) -> tuple[ChurnModel, str, str | None]:
    """Who scores the night, its version, and of a trial why it was refused.

    Raises:
        Exception: As ``score_nightly``, of models.
    """
    wait_for_store(settings.home)
    question = Question.of(settings)
    if trial:
        model, refused = load_trial(settings.home, question)
        return model, refused.version, refused.verdict
    return *load_champion(settings.home, question, when=champion_at), None


def _unlearnt(model: ChurnModel) -> str:
    return (
        f"CLTV is unknown for all: the model knows only of the next {model.horizon_days} "
        "days. perdura train says why"
    )


def _extract(
    settings: Settings, as_of: datetime, on_progress: OnProgress, *, patient: bool
) -> None:
    """Land what is new, where the settings say from what and it has not been done in full.

    A source that cannot be read does not stop the night: the scores say what they lack. The
    night done again asks it again.
    """
    newest = max(settings.landing.days().values(), key=lambda day: day.until, default=None)
    done = newest is not None and newest.until >= as_of and not newest.degraded
    if settings.mapping is None or done:
        return
    ask, landing = asking(patient=patient), settings.landing
    try:
        with written_events(settings) as beside:
            ask(settings.mapping, until=as_of, landing=landing, progress=on_progress, beside=beside)
    except IncompleteExtract as error:
        STDERR.print(f"  the night goes on without: {error}", markup=False)


def refuse_unread(settings: Settings, as_of: datetime) -> None:
    """Scores of a time of which nothing was read would tell everybody's silence, not their risk.

    Raises:
        NotYetKnown: Nothing was read of the last days before ``as_of``.
    """
    until = settings.landing.until()
    if until and as_of - until > timedelta(days=settings.stale_after_days):
        raise NotYetKnown(
            f"asked to score {as_of:%Y-%m-%d}; what was known has been extracted until "
            f"{until:%Y-%m-%d} only, more than {settings.stale_after_days} days before. Extract "
            f"it first (perdura extract --mapping FILE --until {as_of:%Y-%m-%d})"
        )


def _score(
    as_of: datetime, settings: Settings, folder: Path, on_progress: OnProgress
) -> list[ScoredPart]:
    """Everybody active, part by part, here or on a cluster."""
    parts = parts_of(settings)
    scored = on_task_runner(score_parts, settings)(parts, as_of, settings, folder, on_progress)
    if not any(part.rows for part in scored):
        raise NobodyToScore(
            f"asked to score those active on {as_of:%Y-%m-%d}; of "
            f"{sum(part.known for part in scored):,} people known before it none was. Score a date "
            "within the history, or extract it first"
        )
    return scored


def _seconds(scored: list[ScoredPart]) -> dict[str, float]:
    """Seconds by step of all parts together, whoever worked on them."""
    names = ("states", "features", "reasons")
    return {name: sum(part.seconds.get(name, 0.0) for part in scored) for name in names}


def _publish(
    scored: list[ScoredPart],
    settings: Settings,
    *,
    scored_on: date,
    model_version: str,
    horizon_days: int,
    trial: bool,
    degraded: tuple[str, ...],
    progress: OnProgress,
) -> int:
    return publish_step(
        (pl.read_ipc(part.file) for part in scored if part.file),
        settings.risk_url,
        not_scored=not_scored(part.not_scored for part in scored),
        scored_on=scored_on,
        model_version=model_version,
        horizon_days=horizon_days,
        trial=trial,
        language=settings.language,
        actions=translations(settings.actions, settings.language),
        degraded=degraded,
        bands=Bands(high=settings.high, medium=settings.medium, stays=settings.band_stays),
        valid_for=settings.nights.valid_for(scored_on),
        keep_months=settings.keep_nights_months,
        progress=progress,
    )


def _fit_to_offer(model: ChurnModel, degraded: tuple[str, ...]) -> ChurnModel:
    """The model, without offers where a source that tells who is in trouble is not current."""
    return replace(model, expansion=None) if _TELL_TROUBLE & {*degraded} else model


def _degraded(settings: Settings, as_of: datetime, model: ChurnModel) -> dict[str, str]:
    """The sources that were missing or stale, and whether the model knew what came after; why."""
    why = {
        **degraded_sources(settings.landing, as_of, settings.stale_after_days),
        **stale_rates(settings, as_of),
    }
    if model.knows_until > as_of:
        why[FITTED_ON_LATER_OUTCOMES] = (
            f"it has learnt from what happened before {model.knows_until:%Y-%m-%d}, so it looks "
            "better at this night than it was. How good it would have been: perdura backtest"
        )
    return why
