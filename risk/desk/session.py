"""Sessions: a token in a cookie, and proof that a form is one of ours."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest, new
from secrets import token_urlsafe
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

SESSION, FORM = "perdura_desk", "perdura_form"
#: Hours that a browser keeps the token: a working day.
HOURS = 12

_LONGEST = 500
_OURS = ("same-origin", "none")


def token_of(request: Request) -> str:
    """The token that the browser keeps; empty where it keeps none."""
    return request.cookies.get(SESSION, "")[:_LONGEST]


def keep(response: Response, request: Request, token: str) -> None:
    """Let the browser keep the token, out of the reach of scripts and of other sites."""
    _set(response, request, SESSION, token)
    response.delete_cookie(FORM, path="/desk")


def forget(response: Response) -> None:
    """Let the browser forget the token."""
    response.delete_cookie(SESSION, path="/desk")


def proof(request: Request, response: Response | None = None) -> str:
    """The proof that a form of ours carries: only with the browser's cookie can it be made.

    Before the reader signs in there is no token, so ``response`` sets a cookie for that.
    """
    secret = token_of(request) or request.cookies.get(FORM, "")
    if not secret and response is not None:
        secret = token_urlsafe(32)
        _set(response, request, FORM, secret)
    return _proof(secret)


def is_ours(request: Request, given: str) -> bool:
    """Whether a form came from one of our pages, by its proof and its origin."""
    secret = token_of(request) or request.cookies.get(FORM, "")
    if request.headers.get("sec-fetch-site", "same-origin") not in _OURS:
        return False
    origin = request.headers.get("origin")
    hosts = (request.headers.get("host"), request.scope.get("perdura.host"))
    if origin and origin != "null" and urlsplit(origin).netloc not in hosts:
        return False
    return bool(secret) and compare_digest(_proof(secret).encode(), given.encode())


def base(request: Request) -> str:
    """The path before ours, where a proxy serves us below it; empty otherwise."""
    return request.scope.get("perdura.prefix", "")


def own_page(path: str, prefix: str = "") -> str:
    """The path if it is one of ours, else the first page: a link must not lead elsewhere."""
    if prefix and path.startswith(f"{prefix}/"):
        path = path[len(prefix) :]
    ours = path.startswith("/desk") and "\\" not in path and path.isprintable()
    return path if ours and len(path) < 2_000 and not path.startswith("//") else "/desk"


def _set(response: Response, request: Request, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=HOURS * 3600,
        path="/desk",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _proof(secret: str) -> str:
    return new(secret.encode("utf-8", "surrogatepass"), b"a form of the desk", sha256).hexdigest()
