"""What all pages share: the signed-in reader, the language, and how an answer is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlencode

import sqlalchemy as sa
from anyio import CapacityLimiter
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from perdura.risk.desk import session
from perdura.risk.desk.messages import LANGUAGES, SCRIPT_PROBLEMS
from perdura.risk.desk.reader_locale import ReaderLocale, reader_locale_of
from perdura.risk.desk.reword import Reword, as_published
from perdura.risk.errors import NoNight
from perdura.risk.night import Night
from perdura.risk.query.phrases import in_language
from perdura.risk.records.tokens import Holder, holder_of
from perdura.risk.store.connect import Unreachable, reading

HERE = Path(__file__).parent
_LANGUAGE = "perdura_language"
_YEAR = 365 * 24 * 3600
_PAGE_METHODS = ("GET", "HEAD")
#: The header by which the page's script knows what went wrong.
PROBLEM = "Perdura-Problem"

#: Nothing but our own files is loaded, and no script or style stands inside a page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class AuditLog(Protocol):
    """Records reads of subscribers, as ``risk.api.auditing.Audit`` does."""

    @property
    def full(self) -> bool:
        """Whether nothing more can be written down now."""
        ...

    @property
    def refusal(self) -> object | None:
        """Why nothing can ever be written down, if so."""
        ...

    def note(
        self, holder: Holder, what: str, subscriber_id: str | None = None, **detail: Any
    ) -> None:
        """Take one entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where the pages read and write.

    Attributes:
        url: Of the risk database.
        audit: Records every read of subscribers; while it takes no more, no page is shown.
        wait: Seconds that a token, by its id, has to wait before its next request.
        reword: Puts texts of a night into the reader's language.
        demonstration: Whether the night is a simulated company's, which gets no newer.
        writers: Limits writers at once, who may have to wait for the table; by default one for each
            thread.
        now: The time of day; to be replaced in tests alone.
    """

    url: str
    audit: AuditLog | None = None
    wait: Callable[[str], float] = lambda _: 0.0
    reword: Reword = as_published
    demonstration: bool = False
    writers: CapacityLimiter | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """As of ``risk.store.connect.reading``."""
        return reading(self.url)

    def note(
        self, holder: Holder, what: str, subscriber_id: str | None = None, **detail: Any
    ) -> None:
        """Write down that ``holder`` read, or did, something."""
        if self.audit:
            self.audit.note(holder, what, subscriber_id, **detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a signed-in reader."""

    desk: Desk
    request: Request
    holder: Holder
    locale: ReaderLocale

    @property
    def may_log(self) -> bool:
        """Whether contacts may be written with this token."""
        return "contact" in self.holder.scopes

    def reworded(self, row: Mapping[str, Any], night: Night) -> dict[str, Any]:
        """A row of a night in the reader's language, as of ``risk.desk.reword``."""
        return self.desk.reword(row, night.language, self.locale.language)

    def in_language(
        self, connection: sa.Connection, night: Night, rows: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Rows of a night in the reader's language: as the night knows it, else by ``reword``."""
        translated = in_language(connection, night, rows, self.locale.language)
        return [self.reworded(row, night) for row in translated]

    def page(
        self,
        template: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """The page made of a template."""
        return page(self.request, template, status, headers, visit=self, **values)


def visit_of(desk: Desk, request: Request) -> Visit | Response:
    """The visit, or the answer instead: to the sign-in page, or a problem.

    Raises:
        Unreachable: The database is away: a form or a part of a page is not sent to sign in again.
    """
    if desk.audit and desk.audit.refusal:
        return problem(request, "unrecorded", 503)
    token = session.token_of(request)
    is_page = request.method in _PAGE_METHODS and not is_part(request)
    holder = None
    try:
        if token:
            with desk.reading() as connection:
                holder = holder_of(connection, token)
    except NoNight:
        if not is_page:
            raise Unreachable("the file of the risk table is not there") from None
    if not holder or "read" not in holder.scopes:
        if is_page:
            return RedirectResponse(sign_in_address(request), 303, HEADERS)
        return problem(request, "token_revoked" if token else "session_ended", 401)
    if seconds := desk.wait(holder.token_id):
        return problem(request, "too_many", 429, {"Retry-After": str(ceil(seconds))})
    if desk.audit and desk.audit.full:
        return problem(request, "unavailable", 503)
    return Visit(desk=desk, request=request, holder=holder, locale=locale_of(request))


def is_part(request: Request) -> bool:
    """Whether a script requests it, to replace a part of the page that is shown."""
    return "hx-request" in request.headers


def sign_in_address(request: Request) -> str:
    """The address to sign in, from which one returns to the page requested or posted from."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method not in _PAGE_METHODS:
        here = "/desk/subscriber?" + request.url.query if request.url.query else "/desk"
    return "/desk/sign-in" + ("" if here == "/desk" else "?" + urlencode({"to": here}))


def problem(
    request: Request, key: str, status: int, headers: Mapping[str, str] | None = None, **values: Any
) -> Response:
    """The page that says why something was not done; the script shows its key in other words."""
    named = {PROBLEM: key} | dict(headers or {})
    return page(request, "problem.html", status, named, key=key, **values)


def locale_of(request: Request) -> ReaderLocale:
    """The reader's locale: by the switch, the cookie or the browser."""
    chosen = request.query_params.get("lang") or request.cookies.get(_LANGUAGE)
    default = getattr(request.app.state, "language", "en")
    return reader_locale_of(request.headers.get("accept-language", ""), chosen, default)


def page(
    request: Request,
    template: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A page in the reader's language, which the browser shows and does not keep."""
    locale = locale_of(request)
    about = {"Content-Language": locale.language, "Vary": "Accept-Language, Cookie"}
    response = HTMLResponse("", status, HEADERS | about | dict(headers or {}))
    parameters = [item for item in request.query_params.multi_items() if item[0] != "lang"]
    shared = {
        "script_problems": SCRIPT_PROBLEMS,
        "sent": request.method == "POST",
        "unsaved": getattr(request.state, "note", ""),
        "reason": getattr(request.state, "reason", ""),
        "base": session.base(request),
        "sign_in": sign_in_address(request),
        "csrf": session.proof(request, response),
        "switch": "?" + urlencode([*parameters, ("lang", locale.other)]),
    }
    defaults = {"t": locale, "request": request, "visit": None, "notice": ""}
    text = _templates().get_template(template).render(defaults | values | shared)
    response.body = text.encode("utf-8")
    response.headers["Content-Length"] = str(len(response.body))
    if request.query_params.get("lang") in LANGUAGES:
        language = request.query_params["lang"]
        response.set_cookie(_LANGUAGE, language, _YEAR, path="/desk", samesite="lax")
    return response


@cache
def _templates() -> Environment:
    loader = FileSystemLoader(HERE / "templates")
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = cast("dict[str, Callable[..., Any]]", environment.filters)
    filters["sentence_case"] = sentence_case

    return environment


def sentence_case(text: str) -> str:
    """The text with a capital letter in front; the rest stays as it is."""
    return text[:1].upper() + text[1:]
