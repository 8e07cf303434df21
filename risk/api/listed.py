"""Routes of the newest night as a whole: its list, its moves, all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from risk.api.access import Reader
from risk.api.answers import answer, freshness_headers, known_already, tag_of
from risk.api.asked import ExportAsked, ListAsked, MovesAsked
from risk.api.problems import away
from risk.api.served import Serving, serving
from risk.api.shapes import EXAMPLE, FRESHNESS, Listed, Moved, documented, problems
from risk.export import MEDIA_TYPES, export
from risk.listing import current, moves
from risk.queries import published_night
from risk.store import reading

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
    request: Request, holder: Reader, asked: Annotated[ListAsked, Query()]
) -> Response:
    """Who may leave, as of the newest night: filtered, sorted, page by page.

    By worth and by risk the 100,000 riskiest of the night are listed, by id everybody. Worth, as of
    `call_rank`, is the money that is expected to go: of the lifetime where it is known, else of
    the month. Amounts of several currencies are compared as multiples of what is usual in theirs.
    """
    at_work = serving(request)
    at_work.audit.note(holder, "list", query=request.url.query)
    with reading(at_work.served.url) as connection:
        night = published_night(connection)
        tag = tag_of(request, night)
        if held := known_already(request, night, tag):
            return held
        wanted = asked.wanted(sort=asked.sort, size=asked.size, after=asked.cursor)
        page = current(connection, wanted)
    return answer(night, {"rows": page.rows, "next": page.after}, tag)


@router.get(
    "/moves",
    **documented(
        Moved,
        {"rows": [_MOVED], "next": _NEXT, "freshness": FRESHNESS},
        *_ERRORS,
    ),
)
def list_moves(request: Request, holder: Reader, asked: Annotated[MovesAsked, Query()]) -> Response:
    """Whose band is another than the night before, and the reason that changed; riskiest first."""
    at_work = serving(request)
    at_work.audit.note(holder, "moves", query=request.url.query)
    with reading(at_work.served.url) as connection:
        night = published_night(connection)
        tag = tag_of(request, night)
        if held := known_already(request, night, tag):
            return held
        page = moves(
            connection,
            bands=asked.band,
            before=asked.before,
            size=asked.size,
            after=asked.cursor,
        )
    return answer(night, {"rows": page.rows, "next": page.after}, tag)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "All of them by id, in one piece",
            "content": {
                "text/csv": {"example": "subscriber_id,rank,risk\nsub_0042,3,0.41\n"},
                "application/x-ndjson": {"example": '{"subscriber_id": "sub_0042"}\n'},
                "application/vnd.apache.parquet": {},
            },
        },
        **problems(*_ERRORS),
    },
)
async def export_current(
    request: Request, holder: Reader, asked: Annotated[ExportAsked, Query()]
) -> Response:
    """Everybody of the newest night whom the filters leave, as CSV, NDJSON or Parquet.

    It is of one night, even if another is published meanwhile. An answer that breaks off is not
    whole, and HTTP tells so.
    """
    at_work = serving(request)
    at_work.audit.note(holder, "export", query=request.url.query)
    return await run_in_threadpool(_export, request, at_work, asked)


def _export(request: Request, at_work: Serving, asked: ExportAsked) -> Response:
    """The answer with its first piece read, so that what fails at once fails in words."""
    with ExitStack() as opened:
        if not at_work.exports.acquire(blocking=False):
            raise away("others are exporting already, as many as can at once")
        opened.callback(at_work.exports.release)
        connection = opened.enter_context(reading(at_work.served.url))
        night = published_night(connection)
        tag = tag_of(request, night)
        if held := known_already(request, night, tag):
            return held
        wanted = asked.wanted(sort="id")
        pieces = export(connection, night, wanted, asked.format)
        first = next(pieces, b"")  # of nobody, nothing
        name = f"perdura-{night.scored_on}.{asked.format}"
        headers = freshness_headers(night) | {
            "ETag": tag,
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        told = _streamed(first, pieces, opened.pop_all())
    return StreamingResponse(told, headers=headers, media_type=MEDIA_TYPES[asked.format])


async def _streamed(
    first: bytes, pieces: Iterator[bytes], opened: ExitStack
) -> AsyncIterator[bytes]:
    """All pieces; the transaction ends with the last, or when nobody takes them any more."""
    try:
        yield first
        while (piece := await run_in_threadpool(next, pieces, None)) is not None:
            yield piece
    finally:
        opened.close()
