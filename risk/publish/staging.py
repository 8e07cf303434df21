"""Where a night's rows wait until the last has come: a file without a name, not memory.

Rows come in pieces. Each piece is kept by ``subscriber_id``, so that the night can be read back
in that order, a window at a time, by taking the next few rows of every piece: B-trees that are
filled in order of their key grow at one edge. In memory stay each row's id, risk and worth.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from perdura.risk.content_hash import Content, hashed
from perdura.risk.errors import BadScores
from perdura.risk.publish.call_value import Worths
from perdura.risk.publish.phrases import Phrasebook, Translations, as_phrases
from perdura.risk.publish.ranking import Bands, banded, call_ranks, ranks
from perdura.risk.publish.score_contract import as_polars, bad_example, checked
from perdura.risk.store.threads import ahead

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    Scores = pl.DataFrame | pd.DataFrame


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows that passed the rules: by id, with the hashes of ``risk.content_hash``.

    What they say are places in ``phrases``: as of ``risk.publish.phrases.as_phrases``.
    """

    rows: pl.DataFrame
    phrases: pl.DataFrame
    hashes: list[int]


def pieces(
    scores: Scores | Iterable[Scores],
    bands: Bands,
    rows_at_a_time: int,
    translations: Translations,
) -> Iterator[Piece]:
    """The scores in pieces of at most so many rows, each made ready while the next is awaited.

    Raises:
        BadScores: A piece breaks a rule, or the scores are none at all.
    """
    some = False
    for piece in ahead(
        lambda part: _ready(part, bands, translations), _cut(scores, rows_at_a_time)
    ):
        some = True
        yield piece
    if not some:
        raise BadScores("no scores: an empty night would tell support that nobody is at risk")


class Staging:
    """Pieces in a file that is gone as soon as it is closed, even by a kill.

    So many rows of every piece will be read at a time.
    """

    def __init__(self, folder: Path, read_at_a_time: int) -> None:
        self._folder = folder
        self._read_at_a_time = read_at_a_time
        self._file: IO[bytes] | None = None
        self._writer: Any = None
        self._batches: list[range] = []
        self._ids: list[pl.Series] = []
        self._risks: list[pl.Series] = []
        self._worths = Worths()
        self.content = Content()
        self.phrasebook = Phrasebook()
        self.rows = 0
        self._known: set[str] = set()

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, piece: Piece) -> None:
        """Keep a piece."""
        import polars as pl
        import pyarrow as pa

        # Not as views: those are written with all the text they are cut out of.
        table = piece.rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        self.phrasebook.add(piece.phrases)
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 (closed on exit)
            self._writer = pa.ipc.new_file(self._file, table.schema)
        first = self._writer.stats.num_record_batches
        self._writer.write_table(table, max_chunksize=self._read_at_a_time)
        self._batches.append(range(first, self._writer.stats.num_record_batches))
        self._ids.append(piece.rows["subscriber_id"])
        self._risks.append(piece.rows["risk"])
        self._worths.add(piece.rows)
        self._known |= {column.name for column in piece.rows if column.null_count() < len(column)}
        self.content.add(piece.hashes)
        self.rows += piece.rows.height

    def close(self) -> None:
        """Nothing more will be added: find everybody's place.

        Raises:
            BadScores: Somebody is in two pieces.
        """
        import numpy as np
        import polars as pl

        self._writer.close()
        self.phrasebook.close()
        lengths = [len(ids) for ids in self._ids]
        ids, risks = pl.concat(self._ids), pl.concat(self._risks).to_numpy()
        self._ids, self._risks = [], []
        order = ids.arg_sort()
        _refuse_twice(ids.gather(order), risks[order])
        self._piece = np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)[order]
        rank = ranks(risks[order])
        self._ranks = {"rank": rank, "call_rank": call_ranks(self._worths.of_all()[order], rank)}

    @property
    def known(self) -> list[str]:
        """The columns in which somebody has something; the others would cost as much to carry."""
        return [*sorted(self._known), *self._ranks]

    def ordered(self) -> Ordered:
        """The night by subscriber."""
        return Ordered(self._file, self._batches, self._piece, self._ranks, self.phrasebook)


class Ordered:
    """A staged night, read once, by ``subscriber_id``."""

    def __init__(
        self,
        file: IO[bytes] | None,
        batches: list[range],
        piece: np.ndarray[Any, Any],
        ranks: dict[str, np.ndarray[Any, Any]],
        phrasebook: Phrasebook,
    ) -> None:
        import pyarrow as pa

        reader = pa.ipc.open_file(file)
        self._piece, self._ranks, self._phrasebook = piece, ranks, phrasebook
        self._parts = [_Part(reader, iter(numbers)) for numbers in batches]

    def windows(self, size: int) -> Iterator[pl.DataFrame]:
        """The rows with their ranks, so many at a time."""
        for start in range(0, len(self._piece), size):
            yield self._window(slice(start, start + size))

    def _window(self, at: slice) -> pl.DataFrame:
        import numpy as np
        import polars as pl
        import pyarrow as pa

        counts = np.bincount(self._piece[at], minlength=len(self._parts)).tolist()
        taken = [part.take(n) for part, n in zip(self._parts, counts, strict=True) if n]
        rows = pl.DataFrame(pl.from_arrow(pa.concat_tables(taken)))
        place = np.argsort(np.argsort(self._piece[at], kind="stable"), kind="stable")
        return self._phrasebook.numbered(rows[place], self._piece[at]).with_columns(
            pl.Series(name, rank[at]) for name, rank in self._ranks.items()
        )


class _Part:
    """One piece in the file, read from its beginning to its end."""

    def __init__(self, reader: Any, batches: Iterator[int]) -> None:
        self._reader, self._batches = reader, batches
        self._left: list[pa.RecordBatch] = []

    def take(self, count: int) -> pa.Table:
        """The next rows."""
        import pyarrow as pa

        taken = []
        while count:
            batch = self._left.pop() if self._left else self._reader.get_batch(next(self._batches))
            taken.append(batch.slice(0, count))
            if batch.num_rows > count:
                self._left.append(batch.slice(count))
            count -= taken[-1].num_rows
        return pa.Table.from_batches(taken)


def _cut(scores: Scores | Iterable[Scores], rows_at_a_time: int) -> Iterator[pl.DataFrame]:
    """Frames of few rows. A frame that has none is only a frame that nobody is in."""
    frames = [scores] if is_frame(scores) else scores
    for frame in cast("Iterable[Scores]", frames):
        parts = as_polars(frame).iter_slices(rows_at_a_time)
        yield from (part for part in parts if len(part))


def is_frame(scores: object) -> bool:
    """Whether it is one frame, of Polars or pandas, rather than many."""
    return hasattr(scores, "columns")


def _ready(part: pl.DataFrame, bands: Bands, translations: Translations) -> Piece:
    rows, phrases = as_phrases(banded(checked(part), bands), translations)
    return Piece(rows.drop("reasons_hash"), phrases, hashed(rows.drop("reasons", "action_phrase")))


def _refuse_twice(ids: pl.Series, risks: np.ndarray[Any, Any]) -> None:
    twice = (ids == ids.shift(1)).fill_null(value=False)
    if twice.any():
        at = int(twice.arg_max() or 1)
        told = f"{(twice | twice.shift(-1)).sum()} scores of a subscriber who is scored twice"
        raise bad_example(told, float(risks[at - 1]), ids[at])
