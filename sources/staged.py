"""Frames that connectors have fetched, set aside as Parquet while an extract reads them.

All that ``connectors`` and ``mapping`` share: the one writes these, the other reads them.
"""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

#: Columns of every frame: the vendor's file that a row comes from, and its line or row there, from
#: 1. Expressions do not see them; rejected rows name them.
FILE, ROW_IN_FILE = "file", "row"

#: The column that tells how new a row of a query is, where only new ones are read.
WATERMARK = "perdura_watermark"

#: Rows of the vendor's files that could not be read: the rule, the place, and the text as it is.
BROKEN_ROWS = pl.Schema(
    {"rule": pl.String(), FILE: pl.String(), ROW_IN_FILE: pl.UInt32(), "text": pl.String()}
)


@dataclass(frozen=True, slots=True)
class StagedFrame:
    """One frame of a connector as a file.

    Attributes:
        path: Parquet; gone when the extract ends.
        broken: Rows that could not be read; schema ``BROKEN_ROWS``.
        notes: What looks odd about it and is no fault, in words.
    """

    path: Path
    broken: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BROKEN_ROWS))
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfetched:
    """A frame that could not be fetched.

    Attributes:
        why: What was asked, what was found, what to do.
        is_there: Whether there is something, that is not what it should be: to do without it is no
            remedy then.
    """

    why: str
    is_there: bool = False
