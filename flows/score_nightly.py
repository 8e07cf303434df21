"""Every night: score each active subscriber with what was known by midnight."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import sleep

import polars as pl

from perdura.flows.configuration.dates import NotYet
from perdura.flows.integrations.send_webhooks import notify_webhooks
from perdura.flows.orchestration import run_names
from perdura.flows.orchestration.recorded import flow, step_of_flow
from perdura.flows.orchestration.task_runner import on_task_runner
from perdura.flows.runtime.home_lock import shares_home
from perdura.flows.runtime.model_store import wait_for_store
from perdura.flows.runtime.parts import parts_of
from perdura.flows.runtime.progress import step
from perdura.flows.runtime.scratch import scratch
from perdura.flows.settings import Settings
from perdura.flows.steps.exchange_rates import stale_rates
from perdura.flows.steps.extract_sources import extract_missing
from perdura.flows.steps.night_records import write_beside
from perdura.flows.steps.not_scored import not_scored
from perdura.flows.steps.score_parts import MODEL, WAS_HIGH, ScoredPart, score_parts
from perdura.flows.steps.unknown_texts import UnknownTexts, too_many_unknown, unknown_texts
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.target import Question
from perdura.models.registry.champion import load_champion, load_trial
from perdura.models.scoring.action_table import translations
from perdura.risk.publish.high_before import high_before
from perdura.risk.publish.ranking import Bands
from perdura.risk.table import publish
from perdura.sources.counted import counted, either
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS
from perdura.sources.landing.freshness import degraded_sources
from perdura.sources.landing.locks import read_lock

publish_step = step_of_flow(publish, "publish")
beside_step = step_of_flow(write_beside, "beside")


#: Tables that show trouble: without them no offer is made.
_TELL_TROUBLE = {SUBSCRIPTIONS.name, PAYMENTS.name, TICKETS.name}

#: Steps of each part, which make up the step ``score``.
_IN_PARTS = ("states", "features", "reasons")

#: Seconds: Prefect rounds the wait before a run to whole ones.
_MOST_EARLY = 2.0

_UNLEARNT = (
    "CLTV is unknown for all: the model knows only of the next {days}. perdura train says why"
)

#: Said of a night that the model's fitting had already seen the outcome of.
FITTED_ON_LATER_OUTCOMES = "the model was fitted on later outcomes"


class NotYetKnown(ValueError):
    """Nothing has been extracted of the time that is asked about. Nothing was published."""


class NoActiveSubscribers(ValueError):
    """No subscriber was active. Nothing was published."""


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
        horizon_days: Each risk is the chance of leaving within this many days.
        unknown: The texts that the model has never seen, by column, the most frequent first.
        unlearnt: Why no subscriber has a CLTV, in words, where that is so.
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
    unknown: Mapping[str, UnknownTexts] = field(default_factory=dict[str, UnknownTexts])
    unlearnt: str | None = None
    refused: str | None = None
    untold: str | None = None
    why_degraded: Mapping[str, str] = field(default_factory=dict[str, str])

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
    """Score every active subscriber with what was known before ``scored_on``.

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
        NoActiveSubscribers: No subscriber was active.
    """
    settings = Settings.at(home)
    scored_on = scored_on or settings.nights.newest_known(datetime.now(UTC))
    wait_until(as_of := settings.nights.as_of(scored_on), scored_on)
    model, version, refused = model_of(settings, champion_at, trial=trial)
    night = _Night(settings=settings, scored_on=scored_on, model=model, version=version)
    with step("extract", night.seconds) as on_progress:
        extract_missing(settings, as_of, on_progress, patient=patient)
    refuse_unread(settings, as_of)
    why = night.why_degraded()
    with scratch(settings.home, f"night-{scored_on}") as folder:
        write_high_before(settings.risk_url, scored_on, folder, trial=trial)
        scored = night.score(folder, degraded=why)
        unknown = unknown_texts((part.unknown for part in scored), sum(p.rows for p in scored))
        degraded = (*why, *too_many_unknown(unknown))
        rows = night.publish(scored, degraded, trial=trial)
    in_parts = {name: sum(p.seconds.get(name, 0.0) for p in scored) for name in _IN_PARTS}
    return ScoredNight(
        scored_on=scored_on,
        rows=rows,
        model_version=version,
        degraded=degraded,
        why_degraded=why,
        horizon_days=model.horizon_days,
        unknown=unknown,
        unlearnt=None
        if model.months
        else _UNLEARNT.format(days=counted(model.horizon_days, "day")),
        refused=refused,
        seconds=night.seconds | in_parts,
        untold=notify_webhooks(settings) if notify else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Night:
    """A night while it is scored: what it is for, and by which model."""

    settings: Settings
    scored_on: date
    model: ChurnModel
    version: str
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def as_of(self) -> datetime:
        return self.settings.nights.as_of(self.scored_on)

    def why_degraded(self) -> dict[str, str]:
        """The sources that were missing or stale, and whether the model knew what came after."""
        days = self.settings.schedule.stale_after_days
        why = {
            **degraded_sources(self.settings.landing, self.as_of, days),
            **stale_rates(self.settings.value, self.as_of, days),
        }
        if self.model.knows_until > self.as_of:
            why[FITTED_ON_LATER_OUTCOMES] = (
                f"it has learnt from what happened before {self.model.knows_until:%Y-%m-%d}, so it "
                "looks better at this night than it was. How good it would have been: perdura "
                "backtest"
            )
        return why

    def score(self, folder: Path, degraded: Collection[str]) -> list[ScoredPart]:
        """Score every active subscriber, part by part, here or on a cluster.

        No offers are made where a source that shows trouble is not current.
        """
        settings, as_of = self.settings, self.as_of
        model = self.model
        if not _TELL_TROUBLE.isdisjoint(degraded):
            model = replace(model, expansion=None)
        model.save(folder / MODEL)
        with read_lock(settings.landing_folder), step("score", self.seconds) as on_progress:
            parts = parts_of(settings.landing, settings.compute)
            score = on_task_runner(score_parts, settings.compute)
            scored = score(parts, as_of, settings, folder, on_progress)
            if not any(part.rows for part in scored):
                known = sum(part.known for part in scored)
                raise NoActiveSubscribers(
                    f"asked to score those active on {as_of:%Y-%m-%d}; of "
                    f"{known:,} {either(known, 'person', 'people')} known before it none was. "
                    "Score a date within the history, or extract it first"
                )
        return scored

    def publish(self, scored: list[ScoredPart], degraded: tuple[str, ...], *, trial: bool) -> int:
        """Publish the parts as one night, and what is told beside it. Returns its rows."""
        settings, table = self.settings, self.settings.risk_table
        with step("publish", self.seconds) as on_progress:
            rows = publish_step(
                (pl.read_ipc(part.file) for part in scored if part.file),
                settings.risk_url,
                not_scored=not_scored(part.not_scored for part in scored),
                scored_on=self.scored_on,
                model_version=self.version,
                horizon_days=self.model.horizon_days,
                trial=trial,
                language=settings.language,
                actions=translations(settings.support.actions, settings.language),
                degraded=degraded,
                bands=Bands(high=table.high, medium=table.medium, stays=table.band_stays),
                valid_for=settings.nights.valid_for(self.scored_on),
                keep_months=table.keep_nights_months,
                progress=on_progress,
            )
            beside_step(settings, self.scored_on)
        return rows


def write_high_before(url: str, scored_on: date, folder: Path, *, trial: bool) -> None:
    """Write who was in the high band the night before, for the advice of each part."""
    found = high_before(url, scored_on, trial=trial)
    table = pl.DataFrame({"subscriber_id": found}, {"subscriber_id": pl.String})
    table.write_parquet(folder / WAS_HIGH)


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
    question = Question.of(settings.churn)
    if trial:
        model, refused = load_trial(settings.home, question)
        return model, refused.version, refused.verdict
    return *load_champion(settings.home, question, when=champion_at), None


def refuse_unread(settings: Settings, as_of: datetime) -> None:
    """Refuse a night of a time of which nothing was read: its risks would only tell silence.

    Raises:
        NotYetKnown: Nothing was read of the last days before ``as_of``.
    """
    until = settings.landing.until()
    if until and as_of - until > timedelta(days=settings.schedule.stale_after_days):
        raise NotYetKnown(
            f"asked to score {as_of:%Y-%m-%d}; what was known has been extracted until "
            f"{until:%Y-%m-%d} only, more than "
            f"{counted(settings.schedule.stale_after_days, 'day')} before. "
            f"Extract it first (perdura extract --mapping FILE --until {as_of:%Y-%m-%d})"
        )
