"""From scores to a published night: put aside, ranked, and swapped in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

from perdura.risk.night import Night
from perdura.risk.progress import OnProgress
from perdura.risk.publish.band_changes import MOVES, NightBefore, beside, night_before
from perdura.risk.publish.not_scored import NotScored, write_not_scored
from perdura.risk.publish.phrases import Phrasebook, Translations
from perdura.risk.publish.ranking import Bands
from perdura.risk.publish.retention import first_kept, forget_nights
from perdura.risk.publish.staging import Staging, is_frame, pieces
from perdura.risk.query import queries
from perdura.risk.query.portfolio import Tally
from perdura.risk.query.trial import refuse_over_real
from perdura.risk.records.audited_reads import take_over
from perdura.risk.records.rewriting import rewrite_if_due
from perdura.risk.store import connect as store
from perdura.risk.store.sqlite import StoreLocked

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import sqlalchemy as sa

    Scores = pl.DataFrame | pd.DataFrame


@contextmanager
def stage(
    scores: Scores | Iterable[Scores],
    bands: Bands,
    folder: Path,
    tell: OnProgress,
    *,
    rows_at_a_time: int,
    read_at_a_time: int,
    translations: Translations,
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
        for piece in pieces(scores, bands, rows_at_a_time, translations):
            staged.add(piece)
            tell(staged.rows, total or staged.rows, "checking")
        staged.close()
        yield staged


def replace_night(
    url: str,
    staged: Staging,
    tell: OnProgress,
    *,
    scored_on: date,
    told: Callable[[Staging, str | None], Night],
    trial: bool,
    bands: Bands,
    rows_at_a_time: int,
    keep_months: int | None,
    not_scored: Sequence[NotScored] = (),
) -> None:
    """Put what is staged in the place of the night, unless it is there already.

    ``told`` says what is true of the night as a whole, given the fingerprint of the night before.
    A ``trial`` stands beside trials only, and replaces no night that a champion has scored.
    Nights of other months than the newest ``keep_months`` go.
    """
    older = None
    with store.swept_after_failure(url), store.writing(url) as connection:
        store.take_turn(connection)
        if trial:
            refuse_over_real(connection, scored_on)
        before = night_before(connection, scored_on, trial=trial)
        night = told(staged, before.fingerprint if before else None)
        if not queries.is_published(connection, night):
            windows = _windows(
                url, staged, before, bands, scored_on=scored_on, rows_at_a_time=rows_at_a_time
            )
            columns = [*staged.known, *(MOVES if before else ())]
            with closing(windows):
                _replace(
                    connection,
                    url,
                    night,
                    windows,
                    tell,
                    phrasebook=staged.phrasebook,
                    columns=columns,
                    rows_at_a_time=rows_at_a_time,
                )
        write_not_scored(connection, scored_on, not_scored)
        if keep_months is not None:
            older = first_kept(connection, scored_on, keep_months)
            forget_nights(connection, older)
        tell(night.rows, night.rows, "committing")
    if older is not None:
        store.drop_months(url, older)
    with suppress(StoreLocked):  # who writes next takes them over
        take_over(url)
    rewrite_if_due(url)
    store.fold_log(url)


def _windows(
    url: str,
    staged: Staging,
    before: NightBefore | None,
    bands: Bands,
    *,
    scored_on: date,
    rows_at_a_time: int,
) -> Generator[pl.DataFrame, None, None]:
    """The night so many rows at a time, each beside the night before, where there is one.

    That one stays as it is, so it is read beside the transaction, by who fills.
    """
    windows = staged.ordered().windows(rows_at_a_time)
    if before is None:
        yield from windows
        return
    days = float((scored_on - before.scored_on).days)
    with (
        store.reading(url) as connection,
        closing(
            beside(connection, before.scored_on, windows, bands, staged.phrasebook, days=days)
        ) as told,
    ):
        yield from told


def _replace(
    connection: sa.Connection,
    url: str,
    night: Night,
    windows: Iterator[pl.DataFrame],
    tell: OnProgress,
    *,
    phrasebook: Phrasebook,
    columns: Sequence[str],
    rows_at_a_time: int,
) -> None:
    tell(0, night.rows, "staging")
    store.create_partition(connection, night.scored_on)
    tally = Tally()
    filled = store.filled(
        connection,
        url,
        _tallied(windows, tally, columns),
        columns,
        night.rows,
        rows_at_a_time=rows_at_a_time,
    )
    with closing(filled) as parts:
        queries.clear_night(connection, night.scored_on)
        done = 0
        tell(done, night.rows, "inserting")
        for rows, some in parts:
            queries.insert_rows(connection, night, rows)
            done += some
            tell(done, night.rows, "inserting")
    queries.insert_phrases(connection, night, phrasebook.table)
    queries.insert_night(connection, night)
    tally.write(connection, night.scored_on)
    store.finalise(connection, night.scored_on)


def _tallied(
    windows: Iterator[pl.DataFrame], tally: Tally, columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    for rows in windows:
        tally.add(rows)
        yield rows.select(columns)
