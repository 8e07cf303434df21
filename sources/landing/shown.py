"""What the snapshot inputs of a table showed, kept where its other inputs are logs.

``<landing>/<table>/shown/<end of the extract>.parquet`` has a row per input and subscription. Of
the newest two extracts the files are kept: one that is done again is compared with what was shown
before it.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree

import polars as pl

from perdura.sources.events import EventTable
from perdura.sources.landing.files import whole_file
from perdura.sources.landing.landing import Landing

_END = "%Y-%m-%dT%H%M%S.%f"
_KEPT = 2


def shown_files(landing: Landing, table: EventTable) -> dict[datetime, Path]:
    """The files of one table by the end (UTC) of the extract, oldest first."""
    return {
        datetime.strptime(path.stem, _END).replace(tzinfo=UTC): path
        for path in sorted(landing.shown_folder(table).glob("*.parquet"))
    }


@contextmanager
def shown_at(
    landing: Landing, table: EventTable, until: datetime, schema: pl.Schema
) -> Generator[Callable[[pl.DataFrame], None]]:
    """Keep what was shown at the extract that ends at ``until``, whole, in place of what was kept.

    Give the function frames in their order. Nothing changes when the block ends by an error.
    """
    file = landing.shown_folder(table) / f"{until.astimezone(UTC).strftime(_END)}.parquet"
    with whole_file(file, schema) as write:
        yield write
    for old in [*shown_files(landing, table).values()][:-_KEPT]:
        old.unlink()


def forget_shown(landing: Landing, table: EventTable) -> None:
    """Keep nothing of what the snapshot inputs of a table showed."""
    rmtree(landing.shown_folder(table), ignore_errors=True)
