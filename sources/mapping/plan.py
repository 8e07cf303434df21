"""The tables of a mapping with their files opened and checked, before anything is landed."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from perdura.sources.events import EventTable
from perdura.sources.landing.landing import REJECTED
from perdura.sources.mapping.candidates import CandidateEvents, candidates
from perdura.sources.mapping.expressions import NoColumn
from perdura.sources.mapping.files.reading import ROW, BadSource, FilePart, missing, read_source
from perdura.sources.mapping.mapping import TABLES, SourceMapping
from perdura.sources.mapping.sections import Input
from perdura.sources.mapping.together import together


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
    def broken_lines(self) -> pl.DataFrame:
        """Lines of its files that could not be split; schema ``REJECTED``."""
        return pl.concat([pl.DataFrame(schema=REJECTED), *(part.broken for part in self.parts)])

    @property
    def rows(self) -> int:
        """How many rows its files have after joins, broken lines included."""
        rows = sum(_height(each.rows) for each in self.found)
        return self.broken_lines.height + self._repeated + rows

    @property
    def _repeated(self) -> int:
        """How many rows stand in an earlier file too, where files are read as one."""
        return sum(each.part.repeated for each in self.found)

    @property
    def read_rows(self) -> int:
        """How many rows its files have before joins, broken lines included."""
        rows = (each.part.frame if each.several else each.rows for each in self.found)
        return self.broken_lines.height + self._repeated + sum(_height(each) for each in rows)

    @property
    def kept_rows(self) -> int:
        """Of how many of them ``where`` keeps anything."""
        rows = (each.kept.unique(ROW) if each.several else each.kept for each in self.found)
        return sum(_height(each) for each in rows)

    @property
    def spreads(self) -> bool:
        """Whether events of one row may be of several subscribers."""
        return any(each.spreads for each in self.found)

    @property
    def kept(self) -> int:
        """How many of the rows that could be split the mapping's ``where`` keeps."""
        return sum(_height(each.kept) for each in self.found)


def plan_tables(
    asked: SourceMapping, until: datetime
) -> tuple[dict[str, MappingPlan], dict[str, str]]:
    """The tables whose files are as the mapping says, and what is wrong with the others.

    Raises:
        BadMapping: The mapping says something that means nothing, or no table can be read, as
            it names columns that are not in the files.
    """
    plans, problems, mistaken = {}, {}, None
    for name, inputs in asked.inputs.items():
        try:
            plans[name] = _plan_table(TABLES[name], inputs, asked.path, until)
        except BadSource as error:
            problems[name] = f"{asked.path.name}, section [{name}]: {error}"
        except NoColumn as error:
            problems[name], mistaken = str(error), mistaken or error
    if mistaken and not plans:
        raise mistaken
    return plans, problems


def _plan_table(
    table: EventTable, inputs: tuple[Input, ...], mapping: Path, until: datetime
) -> MappingPlan:
    parts: list[FilePart] = []
    found: list[CandidateEvents] = []
    notes: list[str] = []
    shown_by: list[int | None] = []
    filled, absent, whole, there = 0, False, True, True
    for place, source in enumerate(inputs):
        opened = read_source(source, mapping)
        if not opened:
            absent = True
            notes.append(missing(source, mapping))
            if not source.optional:
                raise BadSource(f"{notes[-1]}; if it may be missing add optional = true")
        parts += opened
        full = [part for part in opened if not part.is_empty]
        filled += len(full)
        if source.snapshot:
            there &= bool(opened)
            whole &= all(not part.is_empty and part.broken.is_empty() for part in opened)
        if (source.numbered or source.group_by) and len(full) > 1:
            for part in full:  # a column that one of them lacks shows before they are one
                empty = replace(part, frame=part.frame.head(0))
                candidates(table, source, empty, mapping, until)
            full = [together(full)]
            notes += _overlap(full[0])
        found += [candidates(table, source, part, mapping, until) for part in full]
        shown_by += [place if source.snapshot else None] * len(full)
    complete = not absent and filled == len(parts)
    snapshots = tuple(place for place, source in enumerate(inputs) if source.snapshot)
    shares = [source.most_vanished for source in inputs if source.snapshot or not snapshots]
    notes += [part.note for part in parts if part.note]
    notes += [note for each in found for note in each.notes]
    return MappingPlan(
        table,
        tuple(parts),
        tuple(found),
        tuple(notes),
        complete,
        snapshot=all(source.snapshot for source in inputs),
        shown_by=tuple(shown_by),
        whole=whole and there,
        opened=there,
        most_vanished=min(shares),
        snapshots=snapshots,
    )


def _overlap(part: FilePart) -> list[str]:
    if not part.repeated:
        return []
    what = "rows stand in an earlier file too and count once, as files are grouped or numbered"
    return [f"{part.file}: {part.repeated:,} {what} together"]


def _height(frame: pl.LazyFrame) -> int:
    return frame.select(pl.len()).collect().item()
