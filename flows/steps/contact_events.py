"""What was written beside the risks, contacts and lots, as events for the pipeline to land."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from perdura.flows.runtime.scratch import scratch
from perdura.risk.errors import NoNight
from perdura.risk.records.contacts import settled
from perdura.risk.schema.all_tables import columns_of
from perdura.risk.schema.assignments import ASSIGNMENTS
from perdura.risk.schema.contacts import CONTACTS as WRITTEN
from perdura.risk.store.connect import reading
from perdura.sources.events import CONTACTS

#: What each action of the desk is as an event; a decision not to contact is none.
KINDS = {"called": "contacted", "mailed": "contacted", "offered": "offered"}

#: The sender of a random assignment.
LOT = "lot"


@contextmanager
def written_events(
    home: Path, url: str, now: datetime | None = None
) -> Generator[Mapping[str, Path]]:
    """Files of the events that were written in the risk table, by event table, for ``extract``.

    Contacts are there once they can no longer be taken back, so that what was undone never was an
    event. Nothing was written: there is no file.
    """
    events = contact_events(url, now or datetime.now(UTC))
    if events.is_empty():
        yield {}
        return
    with scratch(home, "written") as folder:
        file = folder / f"{CONTACTS.name}.parquet"
        events.write_parquet(file)
        yield {CONTACTS.name: file}


def contact_events(url: str, now: datetime) -> pl.DataFrame:
    """Contacts and lots that stand at ``now``, each once, with the schema of the event table."""
    rows: list[tuple[Any, ...]] = []
    with suppress(NoNight), reading(url) as connection:
        # A table made by an older version may lack either.
        if columns_of(connection, WRITTEN):
            rows += [
                (subscriber_id, happened_at, known_at, KINDS[action], action, by)
                for subscriber_id, happened_at, known_at, action, by in connection.execute(
                    settled(now)
                )
                if action in KINDS
            ]
        if columns_of(connection, ASSIGNMENTS):
            rows += [
                (subscriber_id, drawn, drawn, "held_out" if held_out else "listed", quarter, LOT)
                for subscriber_id, quarter, drawn, held_out in connection.execute(
                    sa.select(ASSIGNMENTS)
                )
            ]
    events = pl.DataFrame(rows, schema=CONTACTS.schema, orient="row")
    others = [name for name in events.columns if name != "known_at"]
    return events.sort(events.columns).unique(others, keep="first", maintain_order=True)
