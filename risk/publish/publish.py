"""From scores to a published night: put aside, ranked, and swapped in one transaction."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, cast

from perdura.progress import OnProgress, no_progress
from perdura.risk.night import VALID_FOR, Night, night_of
from perdura.risk.publish.band_changes import MOVES, NightBefore, beside, night_before
from perdura.risk.publish.not_scored import NotScored, write_not_scored
from perdura.risk.publish.phrases import Translations
from perdura.risk.publish.ranking import DEFAULT_BANDS, Bands
from perdura.risk.publish.retention import first_kept, forget_nights
from perdura.risk.publish.staging import Staging, is_frame, pieces
from perdura.risk.query import queries
from perdura.risk.query.portfolio import PortfolioSums
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


#: Rows that are checked and inserted at once: two or three times as many are in memory. Fewer
#: cost time: SQLite keeps an undo of every index page for each statement.
ROWS_AT_A_TIME = 100_000
#: Rows of every checked piece that are read at once.
READ_AT_A_TIME = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A night to publish, and how: as of ``risk.table.publish`` and its options."""

    url: str
    scored_on: date
    model_version: str
    horizon_days: int | None = None
    trial: bool = False
    language: str = "en"
    actions: Translations = field(default_factory=dict[str, Mapping[str, str]])
    degraded: Sequence[str] = ()
    not_scored: Sequence[NotScored] = ()
    bands: Bands = DEFAULT_BANDS
    valid_for: timedelta = VALID_FOR
    keep_months: int | None = None
    now: datetime | None = None
    progress: OnProgress | None = None
    rows_at_a_time: int = ROWS_AT_A_TIME
    read_at_a_time: int = READ_AT_A_TIME

    @property
    def on_progress(self) -> OnProgress:
        """Called at every step: rows done, of how many, and the step's name."""
        return self.progress or no_progress

    def night(self, staged: Staging, before: str | None) -> Night:
        """The night's own row, given the fingerprint of the night before."""
        return night_of(
            staged.rows,
            staged.content,
            scored_on=self.scored_on,
            model_version=self.model_version,
            horizon_days=self.horizon_days,
            trial=self.trial,
            language=self.language,
            degraded=list(self.degraded),
            valid_for=self.valid_for,
            published_at=self.now or datetime.now(UTC),
            before=before,
        )


def publish_night(scores: Scores | Iterable[Scores], publication: Publication) -> int:
    """Stage the scores and put them in the place of the night; its number of rows.

    Raises:
        BadScores: The scores break a rule.
    """
    # Where the scores are many frames, the number of rows to come is not known, and the total of
    # ``on_progress`` is the number so far.
    total = len(cast("Scores", scores)) if is_frame(scores) else 0
    publication.on_progress(0, total, "checking")
    folder = store.folder_beside(publication.url)
    bands, rows_at_a_time = publication.bands, publication.rows_at_a_time
    with Staging(folder, publication.read_at_a_time) as staged:
        for piece in pieces(scores, bands, rows_at_a_time, publication.actions):
            staged.add(piece)
            publication.on_progress(staged.rows, total or staged.rows, "checking")
        staged.close()
        replace_night(staged, publication)
        return staged.rows


def replace_night(staged: Staging, publication: Publication) -> None:
    """Put what is staged in the place of the night, unless it is there already.

    A trial stands beside trials only, and replaces no night that a champion has scored. Nights of
    other months than the newest ``keep_months`` go.
    """
    url, scored_on, older = publication.url, publication.scored_on, None
    with store.swept_after_failure(url), store.writing(url) as connection:
        store.take_turn(connection)
        if publication.trial:
            refuse_over_real(connection, scored_on)
        before = night_before(connection, scored_on, trial=publication.trial)
        night = publication.night(staged, before.fingerprint if before else None)
        if not queries.is_published(connection, night):
            columns = [*staged.known, *(MOVES if before else ())]
            with closing(_windows(staged, before, publication)) as windows:
                _insert(connection, night, staged, windows, publication, columns=columns)
        write_not_scored(connection, scored_on, publication.not_scored)
        if publication.keep_months is not None:
            older = first_kept(connection, scored_on, publication.keep_months)
            forget_nights(connection, older)
        publication.on_progress(night.rows, night.rows, "committing")
    if older is not None:
        store.drop_months(url, older)
    _finalise(url)


def _finalise(url: str) -> None:
    """After a night: take over reads put aside, end erasures, and leave no log behind."""
    with suppress(StoreLocked):  # the next writer takes them over
        take_over(url)
    rewrite_if_due(url)
    store.fold_log(url)


def _windows(
    staged: Staging, before: NightBefore | None, publication: Publication
) -> Generator[pl.DataFrame, None, None]:
    """The night in windows of ``rows_at_a_time``, each beside the night before, where there is one.

    The night before stays as it is, so it is read outside the transaction.
    """
    windows, bands = staged.ordered().windows(publication.rows_at_a_time), publication.bands
    if before is None:
        yield from windows
        return
    days = float((publication.scored_on - before.scored_on).days)
    with (
        store.reading(publication.url) as connection,
        closing(
            beside(connection, before.scored_on, windows, bands, staged.phrasebook, days=days)
        ) as compared,
    ):
        yield from compared


def _insert(
    connection: sa.Connection,
    night: Night,
    staged: Staging,
    windows: Iterator[pl.DataFrame],
    publication: Publication,
    *,
    columns: Sequence[str],
) -> None:
    publication.on_progress(0, night.rows, "staging")
    store.create_partition(connection, night.scored_on)
    portfolio, size = PortfolioSums(), publication.rows_at_a_time
    summed = _summed(windows, portfolio, columns)
    filled = store.filled(
        connection, publication.url, summed, columns, night.rows, rows_at_a_time=size
    )
    with closing(filled) as parts:
        queries.clear_night(connection, night.scored_on)
        done = 0
        publication.on_progress(done, night.rows, "inserting")
        for rows, count in parts:
            queries.insert_rows(connection, night, rows)
            done += count
            publication.on_progress(done, night.rows, "inserting")
    queries.insert_phrases(connection, night, staged.phrasebook.table)
    queries.insert_night(connection, night)
    portfolio.write(connection, night.scored_on)
    store.finalise(connection, night.scored_on)


def _summed(
    windows: Iterator[pl.DataFrame], portfolio: PortfolioSums, columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    for rows in windows:
        portfolio.add(rows)
        yield rows.select(columns)
