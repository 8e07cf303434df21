"""From scores to a published night: put aside, ranked, and swapped in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

from risk import queries, sqlite
from risk.moves import Before, beside, night_before
from risk.night import Night
from risk.ranking import Bands
from risk.staging import Staging, is_frame, pieces
from risk.threads import ahead

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import sqlalchemy as sa

    Scores = pl.DataFrame | pd.DataFrame

#: Told how many rows of how many are done, and what is being done.
Progress = Callable[[int, int, str], None]


@contextmanager
def stage(
    scores: Scores | Iterable[Scores],
    bands: Bands,
    folder: Path,
    tell: Progress,
    *,
    rows_at_a_time: int,
    read_at_a_time: int,
) -> Iterator[Staging]:
    """All scores, checked and put aside in a file of ``folder`` that has no name.

    Where the scores are many frames, nobody knows how many rows are still to come, and the total
    that ``tell`` hears is how many have.

    Raises:
        BadScores: The scores break a rule.
    """
    total = len(cast("Scores", scores)) if is_frame(scores) else 0
    tell(0, total, "checking")
    with Staging(folder, read_at_a_time) as staged:
        for piece in pieces(scores, bands, rows_at_a_time):
            staged.add(piece)
            tell(staged.rows, total or staged.rows, "checking")
        staged.close()
        yield staged


def swap(
    file: Path,
    staged: Staging,
    tell: Progress,
    *,
    scored_on: date,
    told: Callable[[Staging, str | None], Night],
    bands: Bands,
    rows_at_a_time: int,
) -> None:
    """Put what is staged in the place of the night, unless it is there already.

    ``told`` says what is true of the night as a whole, given the fingerprint of the night before.
    """
    with sqlite.writing(file) as connection:
        before = night_before(connection, scored_on)
        night = told(staged, before.fingerprint if before else None)
        if queries.is_published(connection, night):
            return
        tell(0, night.rows, "staging")
        sqlite.sweep(file)
        windows = staged.ordered().windows(rows_at_a_time)
        if before:
            windows = _beside(file, before, windows, bands)
        parts = _filled(file, night.rows, windows, rows_at_a_time)
        _replace(connection, night, parts, staged.columns, tell, rows_at_a_time=rows_at_a_time)
        tell(night.rows, night.rows, "committing")


def _beside(
    file: Path, before: Before, windows: Iterator[pl.DataFrame], bands: Bands
) -> Iterator[pl.DataFrame]:
    """The night before stays as it is, so it is read beside the transaction, by who fills."""
    with sqlite.reading(file) as connection:
        yield from beside(connection, before.scored_on, windows, bands)


def _replace(
    connection: sa.Connection,
    night: Night,
    parts: Iterator[tuple[Path, int]],
    columns: list[str],
    tell: Progress,
    *,
    rows_at_a_time: int,
) -> None:
    """One part is filled by another thread while the one before it is being inserted."""
    queries.clear_night(connection, night.scored_on)
    done = 0
    tell(done, night.rows, "inserting")
    for part, rows in parts:
        name = sqlite.attach(connection, part)
        for inserted in queries.insert_rows(
            connection, night, name, columns, rows, at_a_time=rows_at_a_time
        ):
            done += inserted
            tell(done, night.rows, "inserting")
    queries.insert_night(connection, night)


def _filled(
    file: Path, rows: int, taken: Iterator[pl.DataFrame], rows_at_a_time: int
) -> Iterator[tuple[Path, int]]:
    """The night in files to attach, and how many rows are in each."""
    windows = -(-rows // rows_at_a_time)
    each = -(-windows // sqlite.PARTS)

    def fill(part: int) -> tuple[Path, int]:
        filled = sqlite.fill(file, part, islice(taken, each))
        return filled, min(each * rows_at_a_time, rows - part * each * rows_at_a_time)

    return ahead(fill, range(-(-windows // each)), threads=1)
