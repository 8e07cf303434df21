"""Zendesk's incremental exports, read from its API into a store, from where the last run stopped.

As documented at developer.zendesk.com in 2026 (Incremental Exports; Satisfaction Ratings): at most
10 requests a minute; what changed within a minute before a request is left out; tickets and users
go by cursor, the others by time, whose pages repeat what lies on their edge. Comments are told by
flags of the events: their bodies are never asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from perdura.json_values import JsonObject, as_object
from perdura.sources.connectors.connection import ApiSample
from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.web import Refused, Web, listed
from perdura.sources.connectors.zendesk.account.narrowed import narrowed
from perdura.sources.connectors.zendesk.account.store import Progress, Store

#: What Zendesk leaves out before the moment of a request.
LEFT_OUT = timedelta(minutes=1)
#: A rating may be changed for so long after it was asked for.
_RATED_LATER = timedelta(days=30)


OnObjects = Callable[[str, int], object]


@dataclass(frozen=True, slots=True)
class Export:
    """One list of the API.

    Attributes:
        name: The kind of its objects, and the key of its pages that holds them.
        path: Where it is.
        by_cursor: Whether its pages name the next one by a cursor, else by a time.
    """

    name: str
    path: str
    by_cursor: bool

    def after(self, page: JsonObject, progress: Progress) -> Progress:
        """Where the page after this one begins."""
        if self.by_cursor:
            cursor = page.get("after_cursor") or progress.cursor
            return Progress(progress.start_time, None if cursor is None else str(cursor))
        end = page.get("end_time")
        return Progress(end if isinstance(end, int) else progress.start_time)


EXPORTS = (
    Export("tickets", "/api/v2/incremental/tickets/cursor.json", by_cursor=True),
    Export("ticket_events", "/api/v2/incremental/ticket_events.json", by_cursor=False),
    Export("users", "/api/v2/incremental/users/cursor.json", by_cursor=True),
    Export("organizations", "/api/v2/incremental/organizations.json", by_cursor=False),
)
RATINGS = "satisfaction_ratings"
_RATINGS_PATH = "/api/v2/satisfaction_ratings.json"
#: What an account answers that has no ratings, or of a token that may not read them.
_NO_RATINGS = (403, 404)


def fetch_exports(
    web: Web,
    store: Store,
    start: datetime,
    on_objects: OnObjects = lambda _kind, _count: None,
    sample: ApiSample | None = None,
) -> Iterator[str]:
    """Append to the store all that changed since the last run; what the report says of it.

    After each page the store holds it and the place where to go on.

    Args:
        web: The account's API.
        store: What was fetched before.
        start: Where the first run begins.
        on_objects: Called after each page with the kind and how many objects were read of it.
        sample: How much of each list to read; ``None``: all.

    Raises:
        Unavailable: A list cannot be read to its end. What was read is kept.
    """
    for export in EXPORTS:
        name, crowded = export.name.replace("_", " "), 0
        count = 0
        for objects, in_one_second in _read(web, store, export, int(start.timestamp())):
            count, crowded = count + objects, crowded + in_one_second
            on_objects(name, count)
            if sample and sample.cut(count, name):
                break
        yield f"{count:,} {name} fetched"
        if crowded:
            yield f"{crowded:,} times a page of {name} was of one second: read on after it"
    try:
        count = 0
        for objects in _read_ratings(web, store, start):
            count += objects
            on_objects("satisfaction ratings", count)
            if sample and sample.cut(count, "satisfaction ratings"):
                break
        yield f"{count:,} satisfaction ratings fetched"
    except Refused as refused:
        if refused.status not in _NO_RATINGS:
            raise
        yield f"no satisfaction ratings: {refused}"


def _read(web: Web, store: Store, export: Export, start: int) -> Iterator[tuple[int, bool]]:
    """Of each page the number of objects, and whether it had to be stepped over.

    A page that goes by time holds all that changed in its last second. Where it is all of one
    second, the next one begins a second later: at the same second it would be the same.
    """
    progress = store.progress(export.name) or Progress(start_time=start)
    while True:
        where = (
            {"cursor": progress.cursor} if progress.cursor else {"start_time": progress.start_time}
        )
        page = web.get(export.path, where)
        objects, is_last = listed(page, export.name, export.path), page.get("end_of_stream")
        after = export.after(page, progress)
        is_crowded = after == progress and not is_last and not export.by_cursor
        if is_crowded:
            after = Progress(progress.start_time + 1)
        store.append(export.name, (narrowed(export.name, one) for one in objects), after)
        yield len(objects), is_crowded
        if is_last:
            return
        if after == progress:
            raise Unavailable(
                f"{export.path} names the same page again and says that it is not the last; "
                "extract again later"
            )
        progress = after


def _read_ratings(web: Web, store: Store, start: datetime) -> Iterator[int]:
    """Ratings by page; each run begins a month before the one before it, for those that changed."""
    progress = store.progress(RATINGS) or Progress(int(start.timestamp()))
    began = web.server_time
    while True:
        cursor = {"page[after]": progress.cursor} if progress.cursor else {}
        page = web.get(
            _RATINGS_PATH,
            {"score": "received", "start_time": progress.start_time, "page[size]": 100, **cursor},
        )
        objects, more = listed(page, RATINGS, _RATINGS_PATH), as_object(page.get("meta"))
        after = more.get("after_cursor") if more.get("has_more") else None
        if after:
            progress = Progress(progress.start_time, str(after))
        else:  # where the next run begins
            changed = int((began - _RATED_LATER).timestamp()) if began else 0
            progress = Progress(max(progress.start_time, changed))
        store.append(RATINGS, (narrowed(RATINGS, one) for one in objects), progress)
        yield len(objects)
        if not after:
            return
