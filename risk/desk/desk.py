"""What all pages share: who asks, in which language, and how an answer is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any, Protocol
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
#: The header that names, to the page's script, what went wrong.
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


class Noting(Protocol):
    """Who writes down that somebody read about somebody, as ``risk.api.auditing.Audit`` does."""

    @property
    def full(self) -> bool:
        """Whether nothing more can be written down now."""
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
        audit: Told of every reading of people; while it takes no more, nobody reads.
        wait: Seconds that a token, by its id, has to wait before it may ask again.
        reword: Puts texts of a night into the reader's language.
        writers: Places for those who write, who may have to wait for the table; by default as
            many as there are threads.
        now: The time of day; to be replaced in tests alone.
    """

    url: str
    audit: Noting | None = None
    wait: Callable[[str], float] = lambda _: 0.0
    reword: Reword = as_published
    writers: CapacityLimiter | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """As of ``risk.store.connect.reading``."""
        return reading(self.url)

    def note(self, holder: Holder, what: str, who: str | None = None, **detail: Any) -> None:
        """Write down that ``holder`` read, or did, something."""
        if self.audit:
            self.audit.note(holder, what, who, **detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody who is signed in."""

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
        **told: Any,
    ) -> Response:
        """The page made of a template."""
        return page(self.request, template, status, headers, visit=self, **told)


def visit_of(desk: Desk, request: Request) -> Visit | Response:
    """The visit, or what to show instead: signing in, or why this was not done."""
    token = session.token_of(request)
    holder = _holder(desk, request, token) if token else None
    if holder and "read" in holder.scopes:
        return _admitted(desk, request, holder)
    if request.method in _PAGE_METHODS and not is_part(request):
        return RedirectResponse(sign_in_address(request), 303, HEADERS)
    return problem(request, "token_revoked" if token else "session_ended", 401)


def _holder(desk: Desk, request: Request, token: str) -> Holder | None:
    """Who holds the token. While the database is away nobody is sent to sign in again."""
    try:
        with desk.reading() as connection:
            return holder_of(connection, token)
    except NoNight:
        if request.method in _PAGE_METHODS and not is_part(request):
            return None
        raise Unreachable("the file of the risk table is not there") from None


def is_part(request: Request) -> bool:
    """Whether a script asks, to replace a part of the page that is shown."""
    return "hx-request" in request.headers


def sign_in_address(request: Request) -> str:
    """Where to sign in, and to come back from to the page that was asked for or posted from."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method not in _PAGE_METHODS:
        here = "/desk/subscriber?" + request.url.query if request.url.query else "/desk"
    return "/desk/sign-in" + ("" if here == "/desk" else "?" + urlencode({"to": here}))


def problem(
    request: Request, key: str, status: int, headers: Mapping[str, str] | None = None, **told: Any
) -> Response:
    """The page that says why something was not done; the script shows its key in other words."""
    named = {PROBLEM: key} | dict(headers or {})
    return page(request, "problem.html", status, named, key=key, **told)


def _admitted(desk: Desk, request: Request, holder: Holder) -> Visit | Response:
    if seconds := desk.wait(holder.token_id):
        again = {"Retry-After": str(ceil(seconds))}
        return problem(request, "too_many", 429, again)
    if desk.audit and desk.audit.full:
        return problem(request, "unavailable", 503)
    return Visit(desk=desk, request=request, holder=holder, locale=locale_of(request))


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
    **told: Any,
) -> Response:
    """A page in the reader's language, which the browser is told to show and not to keep."""
    locale = locale_of(request)
    about = {"Content-Language": locale.language, "Vary": "Accept-Language, Cookie"}
    response = HTMLResponse("", status, HEADERS | about | dict(headers or {}))
    told = {"t": locale, "request": request, "visit": None, "notice": ""} | told
    told |= {"sent": request.method == "POST", "unsaved": getattr(request.state, "note", "")}
    told["reason"] = getattr(request.state, "reason", "")
    told["base"] = session.base(request)
    told["sign_in"] = sign_in_address(request)
    told["csrf"] = session.proof(request, response)
    told["switch"] = "?" + urlencode([*_asked(request), ("lang", locale.other)])
    response.body = _templates().get_template(template).render(told).encode("utf-8")
    response.headers["Content-Length"] = str(len(response.body))
    if request.query_params.get("lang") in LANGUAGES:
        language = request.query_params["lang"]
        response.set_cookie(_LANGUAGE, language, _YEAR, path="/desk", samesite="lax")
    return response


def _asked(request: Request) -> list[tuple[str, str]]:
    return [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]


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
    environment.filters["sentence_case"] = sentence_case
    environment.globals["script_problems"] = SCRIPT_PROBLEMS
    return environment


def sentence_case(text: str) -> str:
    """The text with a capital letter in front; the rest stays as it is."""
    return text[:1].upper() + text[1:]
