"""Routes of the newest night as a whole: its list, its moves, all of it."""

from __future__ import annotations

from asyncio import timeout
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, aclosing
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from perdura.risk.api.access import Reader
from perdura.risk.api.answers import answer, freshness_headers, known_already, tag_of
from perdura.risk.api.app_state import ApiState, api_state
from perdura.risk.api.problems import away
from perdura.risk.api.requests import ExportRequest, ListRequest, MovesRequest
from perdura.risk.api.shapes import EXAMPLE, FRESHNESS, Listed, Moved, documented, problems
from perdura.risk.query.export import MEDIA_TYPES, export
from perdura.risk.query.list_query import ListQuery
from perdura.risk.query.pages import Page, current, moves
from perdura.risk.query.queries import published_night
from perdura.risk.records.audit import named
from perdura.risk.records.tokens import Holder
from perdura.risk.store.connect import reading

router = APIRouter(prefix="/v1", tags=["list"])

_MOVE = ("scored_on", "subscriber_id", "band_before", "band", "risk_before", "risk", "moved_by")
_MOVED = {name: EXAMPLE[name] for name in (*_MOVE, "mrr", "currency", "expected_loss", "state")}
_NEXT = "Yk9mX3R3ZWx2ZV9ieXRlc1siLi4uIl0"
_ERRORS = (400, 401, 403, 409, 422, 429, 503)


@router.get(
    "/current",
    **documented(Listed, {"rows": [EXAMPLE], "next": _NEXT, "freshness": FRESHNESS}, *_ERRORS),
)
def list_current(
    request: Request, holder: Reader, parameters: Annotated[ListRequest, Query()]
) -> Response:
    """Who may leave, as of the newest night: filtered, sorted, page by page.

    By worth and by risk the 100,000 riskiest of the night are listed, by id all. Worth, as of
    `call_rank`, is the money that is expected to go: of the lifetime where it is known, else of
    the month. Amounts of several currencies are compared as multiples of what is usual in theirs.
    """
    list_query = parameters.list_query()
    return _answer(request, holder, "list", lambda connection: current(connection, list_query))


@router.get(
    "/moves",
    **documented(
        Moved,
        {"rows": [_MOVED], "next": _NEXT, "freshness": FRESHNESS},
        *_ERRORS,
    ),
)
def list_moves(
    request: Request, holder: Reader, parameters: Annotated[MovesRequest, Query()]
) -> Response:
    """Subscribers in another band than the night before, and the reason that changed.

    Riskiest first.
    """

    def page(connection: sa.Connection) -> Page:
        return moves(
            connection,
            bands=parameters.band,
            before=parameters.before,
            size=parameters.size,
            after=parameters.cursor,
        )

    return _answer(request, holder, "moves", page)


def _answer(
    request: Request, holder: Holder, what: str, page_from: Callable[[sa.Connection], Page]
) -> Response:
    """A page; the audit names its subscribers, unless the client has the page already."""
    state = api_state(request)
    with reading(state.settings.url) as connection:
        night = published_night(connection)
        tag = tag_of(request, night)
        if held := known_already(request, night, tag):
            return held
        page = page_from(connection)
    state.audit.note(holder, what, query=request.url.query, **named(night, page.rows))
    return answer(night, {"rows": page.rows, "next": page.after}, tag)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "All of them by id, in one piece",
            "content": {
                "text/csv": {"example": "subscriber_id,rank,risk\r\nsub_0042,3,0.41\r\n"},
                "application/x-ndjson": {"example": '{"subscriber_id": "sub_0042"}\n'},
                "application/vnd.apache.parquet": {},
            },
        },
        **problems(*_ERRORS),
    },
)
async def export_current(
    request: Request, holder: Reader, parameters: Annotated[ExportRequest, Query()]
) -> Response:
    """All subscribers of the newest night that fit the filters, as CSV, NDJSON or Parquet.

    It is of one night, even if another is published meanwhile. An answer that breaks off is not
    whole, and HTTP tells so.
    """
    return await run_in_threadpool(_export, request, api_state(request), holder, parameters)


def _export(
    request: Request, state: ApiState, holder: Holder, parameters: ExportRequest
) -> Response:
    """The answer with its first piece read, so that what fails at once fails in words."""
    with ExitStack() as opened:
        if not state.exports.acquire(blocking=False):
            raise away("others are exporting already, as many as can at once")
        opened.callback(state.exports.release)
        connection = opened.enter_context(reading(state.settings.url))
        night = published_night(connection)
        tag = tag_of(request, night)
        if held := known_already(request, night, tag):
            return held
        state.audit.note(holder, "export", query=request.url.query, night=str(night.scored_on))
        list_query = ListQuery(filters=parameters, sort="id")
        pieces = export(connection, night, list_query, parameters.format, raw=parameters.raw)
        first = next(pieces, b"")  # without rows, Parquet's header alone or nothing
        name = f"perdura-{night.scored_on}.{parameters.format}"
        headers = freshness_headers(night) | {
            "ETag": tag,
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        streamed = _streamed(first, pieces, opened.pop_all())
    seconds = state.settings.longest_export
    media_type = MEDIA_TYPES[parameters.format]
    return _TimedResponse(streamed, seconds, headers=headers, media_type=media_type)


class _TimedResponse(StreamingResponse):
    """Ends with an error after some seconds: SQLite's log grows while a reader holds it."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], seconds: float, **options: Any) -> None:
        super().__init__(pieces, **options)
        self._pieces, self._seconds = pieces, seconds

    async def stream_response(self, send: Send) -> None:
        """Send piece by piece; whatever happens, the transaction ends with it."""
        async with aclosing(self._pieces), timeout(self._seconds):
            await super().stream_response(send)


async def _streamed(
    first: bytes, pieces: Iterator[bytes], opened: ExitStack
) -> AsyncGenerator[bytes, None]:
    """All pieces; the transaction ends with the last, or when the client goes away."""
    try:
        yield first
        while (piece := await run_in_threadpool(next, pieces, None)) is not None:
            yield piece
    finally:
        opened.close()
