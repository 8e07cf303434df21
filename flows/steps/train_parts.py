"""A training set made part by part of the subscribers, anywhere: labels first, then features.

Outcomes of all subscribers come first, which is cheap; their counts give the share of non-churners
that is kept; and only the rows that are kept are measured.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.features.catalogue import to_measure
from perdura.features.definition import Column, Derived, Feature
from perdura.flows.orchestration.recorded import flow, step_of_flow
from perdura.flows.orchestration.task_runner import gather_results
from perdura.flows.runtime.parts import draft_of, memoised_on_disk
from perdura.flows.steps.business import Business
from perdura.models.dataset.outcomes import label_spine
from perdura.models.dataset.sampling import Sampling, outcome_counts
from perdura.models.dataset.training_set import TrainingSet, join_training_sets, measure_chosen
from perdura.models.params import TrainingParams
from perdura.progress import OnProgress
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.partition import Part
from perdura.sources.states.states import scored_spine


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is the same for every part.

    Attributes:
        dates: When subscribers are asked about.
        known_until: Labels read only what was known before.
        landing: The landed events.
        business: How the business loses subscribers.
        params: What is learnt.
        contacts: Whether from what support did, too.
        champion_reads_contacts: Whether that is measured for the champion, though it is not learnt.
        attributes: The attributes of subscribers that are learnt from.
        champion_attributes: Those that are measured for the champion.
        folder: Where the parts are laid down, seen by every worker.
    """

    dates: tuple[datetime, ...]
    known_until: datetime
    landing: Landing
    business: Business
    params: TrainingParams
    folder: Path
    contacts: bool = False
    champion_reads_contacts: bool = False
    attributes: tuple[str, ...] = ()
    champion_attributes: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[Feature | Derived, ...]:
        """What is measured: all that is learnt from, and what the champion is compared on."""
        return to_measure(
            contacts=self.contacts or self.champion_reads_contacts,
            attributes=(*self.attributes, *self.champion_attributes),
        )

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are learnt from."""
        learnt = to_measure(contacts=self.contacts, attributes=self.attributes)
        return tuple(column for feature in learnt for column in feature.columns)

    def file(self, what: str, part: Part) -> Path:
        """Where one part's rows lie."""
        return self.folder / f"{what}-{part.number:03}.arrow"

    def mark(self, what: str, part: Part) -> Path:
        """The file that says that something has been done for a part, and what it gave."""
        return self.folder / f"{what}-{part.number:03}.done"

    def lay_down(self, what: str, part: Part, rows: pl.DataFrame) -> None:
        """One part's rows, whole or not at all."""
        with draft_of(self.file(what, part)) as draft:
            rows.write_ipc(draft)

    @property
    def with_absolute_paths(self) -> "Work":
        """The same work, in whatever folder a worker was started."""
        return replace(self, landing=Landing(self.landing.folder.absolute()))


def label_part(part: Part, work: Work) -> pl.DataFrame:
    """How many of one part stayed, left, or may yet; what became of each is laid down."""

    def label() -> pl.DataFrame:
        events = work.landing.events(part)
        spine = scored_spine(events, work.dates, **work.business)
        labelled = label_spine(events, spine, work.params, known_until=work.known_until)
        work.lay_down("labelled", part, labelled)
        return outcome_counts(labelled, work.params)

    return memoised_on_disk(work.mark("label", part), label)


def measure_part(part: Part, work: Work, sampling: Sampling) -> pl.DataFrame:
    """How many ``rows`` were chosen from one part, when their features have been laid down."""

    def measure() -> pl.DataFrame:
        measured = measure_chosen(
            work.landing.events(part),
            work.features,
            pl.read_ipc(work.file("labelled", part)),
            work.params,
            sampling=sampling,
            known_until=work.known_until,
        )
        work.lay_down("rows", part, measured.rows)
        work.lay_down("about", part, measured.about)
        if measured.texts is not None:
            work.lay_down("texts", part, measured.texts)
        return measured.rows.select(rows=pl.len())

    return memoised_on_disk(work.mark("measure", part), measure)


label_part_step = step_of_flow(label_part, "label-part")
measure_part_step = step_of_flow(measure_part, "measure-part")


@flow(name="label-parts", validate_parameters=False)
def label_parts(parts: list[Part], work: Work, on_progress: OnProgress) -> list[pl.DataFrame]:
    """The counts of every part."""
    pending = [label_part_step.submit(part, work.with_absolute_paths) for part in parts]
    return gather_results(pending, on_progress, "labels")


@flow(name="measure-parts", validate_parameters=False)
def measure_parts(
    parts: list[Part], work: Work, sampling: Sampling, on_progress: OnProgress
) -> list[pl.DataFrame]:
    """How many rows were chosen from each part."""
    pending = [measure_part_step.submit(part, work.with_absolute_paths, sampling) for part in parts]
    return gather_results(pending, on_progress, "features")


def laid_down(parts: list[Part], work: Work, sampling: Sampling) -> TrainingSet:
    """The training set of all parts, sorted by date and subscriber."""
    sets: list[TrainingSet] = []
    for part in parts:
        texts = work.file("texts", part)
        part_set = TrainingSet(
            rows=pl.read_ipc(work.file("rows", part)),
            about=pl.read_ipc(work.file("about", part)),
            columns=work.columns,
            known_until=work.known_until,
            sampling=sampling,
            texts=pl.read_ipc(texts) if texts.exists() else None,
        )
        sets.append(part_set)
    return join_training_sets(sets)
