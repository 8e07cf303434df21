"""The tables of a mapping with their files opened and checked, before anything is landed."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.sources.events import EventTable
from perdura.sources.landing.landing import REJECTED
from perdura.sources.mapping.candidates import CandidateEvents, candidates
from perdura.sources.mapping.expressions import NoColumn
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.files.part import BadSource, FilePart
from perdura.sources.mapping.files.reading import missing, read_source
from perdura.sources.mapping.mapping import TABLES, SourceMapping
from perdura.sources.mapping.sections import Input
from perdura.sources.mapping.together import together
from perdura.sources.mapping.watermarks import refuse_lost
from perdura.sources.row_count import count_rows
from perdura.sources.staged import Unfetched


@dataclass(frozen=True, slots=True)
class MappingPlan:
    """One table to extract.

    Attributes:
        table: Its contract.
        parts: Its files, in order.
        found: What each file that is not empty says happened.
        notes: Files that may be missing and are, and what looks odd about the others.
        complete: Whether every file is there and has something in it.
        snapshot: Whether all of them show the latest state alone.
        shown_by: Of each of ``found`` the place of its input among the table's, if that is a
            snapshot; ``None`` of a log.
        whole: Whether all that the snapshots among them show could be read.
        opened: Whether each of these snapshots is there, empty or not.
        most_vanished: Of a snapshot: the share of what is running that may vanish at once.
        snapshots: The places of the inputs that show the latest state alone.
    """

    table: EventTable
    parts: tuple[FilePart, ...]
    found: tuple[CandidateEvents, ...]
    notes: tuple[str, ...]
    complete: bool
    snapshot: bool = False
    shown_by: tuple[int | None, ...] = ()
    whole: bool = True
    opened: bool = True
    most_vanished: float = 1.0
    snapshots: tuple[int, ...] = ()

    @property
    def beside_log(self) -> bool:
        """Whether some of its inputs are snapshots, and others logs."""
        return bool(self.snapshots) and not self.snapshot

    @property
    def is_partial(self) -> bool:
        """Whether some of what it gave before is not read again."""
        return any(one.source.watermark is not None for one in self.found)

    @property
    def broken_lines(self) -> pl.DataFrame:
        """Lines of its files that could not be split; schema ``REJECTED``."""
        return pl.concat([pl.DataFrame(schema=REJECTED), *(part.broken for part in self.parts)])

    @property
    def rows(self) -> int:
        """How many rows its files have after joins, broken lines included."""
        rows = sum(count_rows(one.rows) + one.part.repeated for one in self.found)
        return self.broken_lines.height + rows

    @property
    def read_rows(self) -> int:
        """How many rows its files have before joins, broken lines included."""
        own = ((one.part.frame if one.several else one.rows, one.part) for one in self.found)
        return self.broken_lines.height + sum(
            count_rows(rows) + part.repeated for rows, part in own
        )

    @property
    def kept_rows(self) -> int:
        """Of how many of them ``where`` keeps anything."""
        rows = (one.kept.unique(ROW) if one.several else one.kept for one in self.found)
        return sum(count_rows(one) for one in rows)

    @property
    def spreads(self) -> bool:
        """Whether events of one row may be of several subscribers."""
        return any(one.spreads for one in self.found)

    @property
    def kept(self) -> int:
        """How many of the rows that could be split the mapping's ``where`` keeps."""
        return sum(count_rows(one.kept) for one in self.found)


def plan_tables(
    request: SourceMapping, until: datetime
) -> tuple[dict[str, MappingPlan], dict[str, str]]:
    """Plans of the tables with files as the mapping says, and what is wrong with the others.

    Raises:
        BadMapping: The mapping says something that means nothing, or no table can be read, as
            it names columns that are not in the files.
    """
    plans: dict[str, MappingPlan] = {}
    problems: dict[str, str] = {}
    mistaken: NoColumn | None = None
    for name, inputs in request.inputs.items():
        try:
            plans[name] = _plan_table(TABLES[name], inputs, request.path, until)
        except BadSource as error:
            problems[name] = f"{request.path.name}, section [{name}]: {error}"
        except NoColumn as error:
            problems[name], mistaken = str(error), mistaken or error
    if mistaken and not plans:
        raise mistaken
    return plans, problems


@dataclass(frozen=True, slots=True)
class _PlannedInput:
    """One input with its files: ``found`` is what those say that are not empty."""

    source: Input
    parts: list[FilePart]
    found: list[CandidateEvents]
    notes: list[str]

    @property
    def is_whole(self) -> bool:
        """Whether all that its files hold could be read."""
        return all(not part.is_empty and part.broken.is_empty() for part in self.parts)


def _plan_table(
    table: EventTable, inputs: tuple[Input, ...], mapping: Path, until: datetime
) -> MappingPlan:
    planned = [_plan_input(table, source, mapping, until) for source in inputs]
    parts = [part for one in planned for part in one.parts]
    found = [events for one in planned for events in one.found]
    shown = [one for one in planned if one.source.snapshot]
    shares = [one.source.most_vanished for one in shown or planned]
    opened = all(one.parts for one in shown)
    return MappingPlan(
        table,
        tuple(parts),
        tuple(found),
        notes=(
            *(note for one in planned for note in one.notes),
            *dict.fromkeys(note for part in parts for note in part.notes),
            *(note for events in found for note in events.notes),
        ),
        complete=all(one.parts for one in planned) and not any(part.is_empty for part in parts),
        snapshot=len(shown) == len(planned),
        shown_by=tuple(
            number if one.source.snapshot else None
            for number, one in enumerate(planned)
            for _ in one.found
        ),
        whole=opened and all(one.is_whole for one in shown),
        opened=opened,
        most_vanished=min(shares),
        snapshots=tuple(n for n, one in enumerate(planned) if one.source.snapshot),
    )


def _plan_input(table: EventTable, source: Input, mapping: Path, until: datetime) -> _PlannedInput:
    parts = read_source(source, mapping)
    notes = [] if parts else [missing(source, mapping)]
    if notes and not source.optional:
        is_there = isinstance(source.staged, Unfetched) and source.staged.is_there
        advice = "" if is_there else "; if it may be missing add optional = true"
        raise BadSource(f"{notes[0]}{advice}")
    full = [part for part in parts if not part.is_empty]
    if (source.numbered or source.group_by) and len(full) > 1:
        for part in full:  # a column that one of them lacks shows before they are one
            empty = replace(part, frame=part.frame.head(0))
            candidates(table, source, empty, mapping, until)
        full = [together(full)]
        if repeated := full[0].repeated:
            notes.append(
                f"{full[0].file}: {repeated:,} rows stand in an earlier file too and count once, "
                "as files are grouped or numbered together"
            )
    found = [candidates(table, source, part, mapping, until) for part in full]
    for one in found:
        refuse_lost(one, until)
    return _PlannedInput(source, parts, found, notes)
