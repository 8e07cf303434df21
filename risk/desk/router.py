"""The addresses of the desk. ``risk.api.app`` includes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from anyio import to_thread
from fastapi import APIRouter
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from perdura.risk.desk import forms, pages, session
from perdura.risk.desk.accounts import account_list
from perdura.risk.desk.desk import HEADERS, HERE, Desk, Visit, problem, visit_of
from perdura.risk.errors import NoNight
from perdura.risk.store.connect import Unreachable

#: A note of the longest kind in the widest script, with room to spare.
_LONGEST_FORM = 64 * 1024
_STATIC = {
    "desk.css": "text/css; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
    "unsaved.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_DAY = 24 * 3600

Read = Callable[[Visit], Response]
Write = Callable[[Visit, forms.Form], Response]


def desk_router(desk: Desk) -> APIRouter:
    """All pages of the desk, below ``/desk``; the bare address leads there."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/", home, methods=["GET"])
    for path, read in (
        ("", pages.today),
        ("/subscriber", pages.subscriber),
        ("/find", pages.find),
        ("/accounts", account_list),
        ("/lead", pages.lead),
    ):
        router.add_api_route(f"/desk{path}", _reader(desk, read), methods=["GET"])
    for path, write in (("/contact", forms.log_contact), ("/undo", forms.undo_contact)):
        router.add_api_route(f"/desk{path}", _writer(desk, write), methods=["POST"])
    router.add_api_route("/desk/sign-in", forms_page, methods=["GET"])
    router.add_api_route("/desk/sign-in", _signing_in(desk), methods=["POST"])
    router.add_api_route("/desk/sign-out", sign_out, methods=["POST"])
    router.add_api_route("/desk/static/{name}", static, methods=["GET"])
    router.add_api_route("/desk/{rest:path}", _reader(desk, _not_found), methods=["GET"])
    return router


def home() -> Response:
    """To the first page."""
    return RedirectResponse("/desk", 303, HEADERS)


def forms_page(request: Request) -> Response:
    """The form for the token."""
    return forms.sign_in_page(request)


def static(name: str, request: Request) -> Response:
    """One of our own files."""
    if name not in _STATIC:
        return problem(request, "page_not_found", 404)
    kept = {"Cache-Control": f"max-age={_DAY}", "X-Content-Type-Options": "nosniff"}
    return FileResponse(HERE / "static" / name, media_type=_STATIC[name], headers=kept)


def _not_found(visit: Visit) -> Response:
    return problem(visit.request, "page_not_found", 404, visit=visit)


def _reader(desk: Desk, read: Read) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        return _answer(request, partial(_visit, desk, request, read))

    return answer


def _writer(desk: Desk, write: Write) -> Callable[[Request], Any]:
    """Write if the token may; what the sender can mend is said on the subscriber's page."""

    async def answer(request: Request) -> Response:
        form = await _form(request)
        request.state.note = forms.text(form or {}, "note")
        request.state.reason = forms.text(form or {}, "reason")
        if form is None or not session.is_ours(request, forms.text(form, "csrf")):
            return _refused(request, form)

        def write_form(visit: Visit) -> Response:
            if not visit.may_log:
                return problem(visit.request, "not_allowed", 403, visit=visit)
            try:
                return write(visit, form)
            except forms.PROBLEMS as error:
                words, status = forms.problem_of(error, visit)
                return pages.subscriber(visit, words, status)

        answered = partial(_answer, request, partial(_visit, desk, request, write_form))
        return await to_thread.run_sync(answered, limiter=desk.writers)

    return answer


def _signing_in(desk: Desk) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        form = await _form(request)
        if form is None or not session.is_ours(request, forms.text(form, "csrf")):
            return _refused(request, form)
        return await run_in_threadpool(
            _answer, request, partial(forms.sign_in, desk, request, form)
        )

    return answer


async def sign_out(request: Request) -> Response:
    """Let the browser forget the token."""
    form = await _form(request)
    if form is None or not session.is_ours(request, forms.text(form, "csrf")):
        return _refused(request, form)
    return forms.sign_out()


def _visit(desk: Desk, request: Request, read: Read) -> Response:
    visit = visit_of(desk, request)
    if isinstance(visit, Response):
        return visit
    try:
        return read(visit)
    except NoNight:
        return problem(request, "no_night", 200, visit=visit)


def _answer(request: Request, answer: Callable[[], Response]) -> Response:
    """The answer; where the database is away, a problem with 503, so that the reader retries."""
    try:
        return answer()
    except (OperationalError, InterfaceError, Unreachable, OSError):
        return problem(request, "unavailable", 503)


def _refused(request: Request, form: forms.Form | None) -> Response:
    if form is None:
        return problem(request, "too_large", 413)
    if request.url.path != "/desk/sign-in" and not session.token_of(request):
        return problem(request, "session_ended", 401)
    return problem(request, "forbidden", 403)


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a form; none where it is larger than any of ours can be."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > _LONGEST_FORM:
                return None
    except ClientDisconnect as gone:
        raise HTTPException(400) from gone
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20
        )
    except ValueError:
        return {}
    return dict(pairs)
