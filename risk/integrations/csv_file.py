"""The newest night as CSV, for everything else."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa

from perdura.risk.night import Night
from perdura.risk.query.export_formats import file_value
from perdura.risk.query.queries import published_night
from perdura.risk.query.spreadsheets import harmless_cell
from perdura.risk.query.trial import refuse_trial
from perdura.risk.schema.views import CURRENT
from perdura.risk.store.connect import reading

_ROWS_AT_A_TIME = 2_000


#: Called with the night that is to be written, before a row of it is.
OnNight = Callable[[Night], None]


def write_csv(url: str, out: TextIO, *, raw: bool = False, on_night: OnNight | None = None) -> int:
    """Write the newest night, riskiest first: one row per subscriber, columns as ``risk_current``.

    Values are written as by ``risk.query.export_formats.csv_of``, but reasons are their texts with
    ``; `` between. States are those of now: a subscriber who has cancelled since is ``leaving``.
    Amounts are minor units, as in the table. Text that a spreadsheet would run begins with an
    apostrophe, unless ``raw``.

    Returns:
        Number of subscribers.

    Raises:
        NoNight: Nothing has been published.
        TrialNight: The newest night is a trial.
    """
    lines = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    names = [column.name for column in CURRENT.c]
    with reading(url) as connection:
        night = published_night(connection)
        refuse_trial(night)
        if on_night:
            on_night(night)
        lines.writerow(names)
        count = 0
        streamed = connection.execution_options(yield_per=_ROWS_AT_A_TIME)
        for row in streamed.execute(sa.select(*CURRENT.c).order_by(CURRENT.c.rank)):
            lines.writerow(_cells(row, raw=raw))
            count += 1
    return count


def write_file(url: str, file: Path, *, raw: bool = False, on_night: OnNight | None = None) -> int:
    """As ``write_csv``, into a file that is whole or not there: it is moved into its place.

    Raises:
        NoNight: Nothing has been published.
        TrialNight: The newest night is a trial.
    """
    draft = file.with_name(f".{file.name}.draft")
    try:
        with draft.open("w", encoding="utf-8", newline="") as out:
            count = write_csv(url, out, raw=raw, on_night=on_night)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _cells(row: sa.Row[Any], *, raw: bool) -> Iterator[object]:
    for column, value in zip(CURRENT.c, row, strict=True):
        is_reasons = column.name == "reasons"
        text = "; ".join(one["text"] for one in value) if is_reasons else file_value(value)
        yield text if raw else harmless_cell(text)
