"""Every week: train on known outcomes, and promote the model if it is better."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Self

from perdura.features.catalogue import reads_contacts
from perdura.features.topics.attributes import attributes_in
from perdura.flows.configuration.groups import ComputeSettings
from perdura.flows.orchestration import run_names
from perdura.flows.orchestration.recorded import flow, step_of_flow
from perdura.flows.orchestration.task_runner import on_task_runner
from perdura.flows.runtime.home_lock import shares_home
from perdura.flows.runtime.model_store import wait_for_store
from perdura.flows.runtime.parts import parts_of
from perdura.flows.runtime.progress import step
from perdura.flows.runtime.scratch import scratch
from perdura.flows.settings import Settings
from perdura.flows.steps.attributes import learnt_attributes
from perdura.flows.steps.business import business_of
from perdura.flows.steps.contact_effect import update_effect
from perdura.flows.steps.earlier_dates import EarlierResults, before_training, earlier_dates
from perdura.flows.steps.train_parts import Work, label_parts, laid_down, measure_parts
from perdura.flows.steps.training_window import (
    dates_by_settings,
    known_history,
    learns_contacts,
    tuned_params,
)
from perdura.models.dataset.sampling import sampling_of
from perdura.models.dataset.source_coverage import SourceFacts, source_facts
from perdura.models.dataset.split import HistoryTooShort, NotEnoughChurn
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import TrainingParams
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.target import Question
from perdura.models.registry.champion import NoChampion, load_champion
from perdura.models.registry.log_run import log_trained
from perdura.models.registry.versions import BrokenChampion
from perdura.models.training.recipe_fit import in_recipe_of
from perdura.models.training.result import Trained
from perdura.models.training.train import train
from perdura.sources.events import CONTACTS
from perdura.sources.landing.freshness import broken_since, silent_since
from perdura.sources.landing.locks import read_lock

_OWN_MODEL = (
    "It predicts something else than the champion of the model churn, which stays as it is; this "
    "is a version of a model of its own, {name}."
)

train_step = step_of_flow(train, "train")
log_step = step_of_flow(log_trained, "log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training run.

    Attributes:
        version: Of the model in the registry, e.g. ``"3"``.
        promoted: Whether it is the champion now.
        reasons: Why, or why not, in words.
        trial: Whether ``perdura score --trial`` can show what it says, as no champion scores.
        offers: Whether it says which subscribers to offer more, and why, in words.
        unlearnt: Why it does not know how long people stay, where it does not, in words.
        notes: What is odd about the sources, in words.
        tuned: Whether its trees grow as tuned, and if not, why not, in words; where nothing was
            tuned, none.
        metrics: By name, of the ``model``, the baselines and the champion, on the same rows.
        rows: Rows of each part: fitted, calibrated, judged; and those left out.
        seconds: By step.
    """

    version: str
    promoted: bool
    reasons: tuple[str, ...]
    trial: bool
    offers: tuple[str, ...]
    unlearnt: tuple[str, ...]
    notes: tuple[str, ...]
    tuned: str | None
    metrics: Mapping[str, Mapping[str, float]]
    rows: Mapping[str, int]
    seconds: Mapping[str, float]


@flow(name="training", flow_run_name=run_names.training)
@shares_home
def train_weekly(until: date | None = None, home: Path | None = None) -> Training:
    """Fit, calibrate and test a model on what was known before ``until``; log and register it.

    It becomes the champion only if it meets every minimum, holds up at earlier dates too, and
    beats the current champion.

    Args:
        until: The first day that is not used; by default all that has landed is.
        home: Where everything is kept, if not where the settings say.

    Raises:
        NothingLanded: There is nothing to learn from.
        HistoryTooShort, NotEnoughChurn: There is too little of it.
        BrokenTuning: The file of tuned parameters cannot be read.
    """
    settings = Settings.at(home)
    known_until = known_history(settings.landing, settings.churn, until)
    if until is None:
        update_effect(settings)
    week = _Week.of(settings, known_until)
    rows, params, champion = week.rows(), week.params, week.champion
    before = before_training(settings, known_until, week.seconds)
    trained, version = week.learn("train", rows, params, before)
    reasons = trained.verdict.reasons
    if name := version.rpartition("/")[0]:
        reasons += (_OWN_MODEL.format(name=name),)
    if (
        champion
        and trained.verdict.no_better
        and (own := in_recipe_of(champion, rows, week.params))
    ):
        # What is new is no better; the champion still learns what has become known since.
        again = week.past_of(champion, before)
        trained, version = week.learn("refresh the champion", *own, again)
        words = " ".join(trained.verdict.reasons)
        reasons += (f"The champion's own recipe was fitted on the same rows: {words}",)
    return Training(
        version=version,
        promoted=trained.verdict.promoted
        and version == load_champion(settings.home, Question.of(params))[1],
        reasons=reasons,
        trial=not (trained.verdict.promoted or trained.verdict.alarmed or champion),
        notes=trained.notes,
        offers=trained.expansion.reasons,
        unlearnt=trained.unlearnt,
        tuned=params.tuned,
        metrics={name: asdict(found) for name, found in trained.metrics_by_model.items()},
        rows=trained.sizes,
        seconds=week.seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Week:
    """One training while it runs: what is known, what is learnt, and the model to beat."""

    settings: Settings
    known_until: datetime
    dates: tuple[datetime, ...]
    facts: SourceFacts
    params: TrainingParams
    champion: ChurnModel | None
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @classmethod
    def of(cls, settings: Settings, known_until: datetime) -> Self:
        """What a training of these settings works on.

        Raises:
            NothingLanded: There is nothing to learn from.
            BrokenTuning: The file of tuned parameters cannot be read.
        """
        events = settings.landing.events()
        dates = dates_by_settings(events, settings.churn, settings.training, known_until)
        facts = replace(
            source_facts(events, churn=settings.churn.rule, known_until=known_until),
            contacts_missing_since=broken_since(settings.landing, CONTACTS, known_until)
            or silent_since(events[CONTACTS.name], known_until),
        )
        params = tuned_params(settings, dates, known_until)
        wait_for_store(settings.home)
        try:
            champion = load_champion(settings.home, Question.of(params))[0]
        except (NoChampion, BrokenChampion):
            champion = None
        return cls(
            settings=settings,
            known_until=known_until,
            dates=tuple(dates),
            facts=facts,
            params=params,
            champion=champion,
        )

    def rows(self) -> TrainingSet:
        """The rows to learn from, and to compare the champion on."""
        settings, events = self.settings, self.settings.landing.events()
        names = self.champion.contract.names if self.champion else ()
        with scratch(settings.home, "week") as folder:
            work = Work(
                dates=self.dates,
                known_until=self.known_until,
                landing=settings.landing,
                business=business_of(settings.churn, settings.value),
                params=self.params,
                folder=folder,
                contacts=learns_contacts(events, self.params, self.known_until),
                champion_reads_contacts=reads_contacts(names),
                attributes=learnt_attributes(
                    settings.training.attributes, events, self.known_until
                ),
                champion_attributes=attributes_in(names),
            )
            with read_lock(settings.landing_folder), noting(self.facts):
                return training_set(work, settings.compute, self.seconds)

    def learn(
        self, name: str, rows: TrainingSet, params: TrainingParams, before: EarlierResults
    ) -> tuple[Trained, str]:
        """A model, evaluated, logged and registered; and its version."""
        with step(name, self.seconds) as on_progress, noting(self.facts):
            trained = train_step(
                rows,
                params,
                champion=self.champion,
                earlier=before.earlier,
                cut=before.cut,
                unnamed=self.settings.risk_table.never_named,
                facts=self.facts,
                progress=on_progress,
            )
        with step("log", self.seconds) as on_progress:
            wait_for_store(self.settings.home)
            return trained, log_step(trained, self.settings.home, progress=on_progress)

    def past_of(self, champion: ChurnModel, before: EarlierResults) -> EarlierResults:
        """How the champion's recipe would have done at earlier dates."""
        if before.past is None:
            return before
        own = in_recipe_of(champion, before.past.training, before.past.params)
        if own is None:
            return replace(before, earlier=None)
        with step("earlier dates", self.seconds) as on_progress:
            past = replace(before.past, training=own[0], params=own[1])
            earlier = earlier_dates(past, self.settings.training, on_progress)
            return replace(before, earlier=earlier)


@contextmanager
def noting(facts: SourceFacts) -> Generator[None]:
    """Where there is too little to learn from, what is odd about the sources is said, too."""
    try:
        yield
    except (HistoryTooShort, NotEnoughChurn) as error:
        if not facts.notes:
            raise
        raise type(error)(f"{error}. {' '.join(facts.notes)}") from error


def training_set(work: Work, compute: ComputeSettings, seconds: dict[str, float]) -> TrainingSet:
    """Labels of all subscribers, and features of the rows to learn from, part by part.

    Args:
        work: What to label and to measure.
        compute: Where the parts are worked on.
        seconds: Gets how long either took.
    """
    parts = parts_of(work.landing, compute)
    with step("labels", seconds) as on_progress:
        sampling = sampling_of(
            on_task_runner(label_parts, compute)(parts, work, on_progress), work.params
        )
    with step("features", seconds) as on_progress:
        on_task_runner(measure_parts, compute)(parts, work, sampling, on_progress)
        return laid_down(parts, work, sampling)
