"""Errors as ``application/problem+json`` (RFC 9457): what was asked, what was found, what to do.

Nothing of the database's own words goes out: they may name people, and where a machine keeps what.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from perdura.risk.api.protection import HEADERS
from perdura.risk.errors import NoNight
from perdura.risk.migrations import NewerStore
from perdura.risk.query.cursors import BadCursor, NightChanged
from perdura.risk.query.list_query import BadQuestion
from perdura.risk.records.contacts import (
    BadContact,
    NoContact,
    NoSubscriber,
    NotYours,
    RefusedContact,
)
from perdura.risk.store.connect import Unreachable

_LOG = logging.getLogger(__name__)

_RETRY_SECONDS = 5
_SHOWN = 100

_TO_DO = {
    404: "see /v1/openapi.json for what there is",
    405: "see the header Allow for the methods there are",
    413: "send less than a megabyte",
}

_ANSWERS: dict[type[Exception], tuple[int, str]] = {
    BadQuestion: (422, "change the question as told"),
    BadCursor: (400, "ask for the first page, without a cursor"),
    NightChanged: (409, "ask for the first page again: what you hold is of the night before"),
    BadContact: (422, "change the contact as told"),
    NoContact: (404, "check the id"),
    NoSubscriber: (404, "check the id"),
    NewerStore: (503, "upgrade Perdura where it is served"),
    NotYours: (403, "ask who logged it, or a token with the scope admin"),
    RefusedContact: (409, "do as told, or choose another id"),
}


class Problem(Exception):
    """Why a request has no answer, as the client is told it."""

    def __init__(
        self, status: int, found: str, todo: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(found)
        self.status, self.found, self.todo, self.headers = status, found, todo, headers


def away(found: str = "the database does not answer", todo: str = "ask again") -> Problem:
    """Not now, maybe soon."""
    return Problem(503, found, todo, {"Retry-After": str(_RETRY_SECONDS)})


def answer_problems(app: FastAPI) -> None:
    """Make the app answer every error with a problem."""
    errors = (Problem, RequestValidationError, HTTPException, NoNight, Unreachable, Exception)
    for kind in (*errors, exc.DBAPIError, exc.TimeoutError, *_ANSWERS):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    return problem_answer(request, problem_of(error))


def problem_of(error: Exception) -> Problem:
    """The problem that an error is answered with; an error that is not foreseen is our fault."""
    match error:
        case Problem():
            problem = error
        case RequestValidationError():
            wrong = ((".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()[:10])
            found = "; ".join(f"{field}: {message}" for field, message in wrong)
            problem = Problem(422, found, "see /v1/openapi.json for what is taken")
        case HTTPException():
            todo = _TO_DO.get(error.status_code, "change the request")
            headers = dict(error.headers or {})
            problem = Problem(error.status_code, str(error.detail), todo, headers)
        case NoNight():
            problem = away("no night has been published here yet, or its file is away")
        case exc.DataError():  # a text or number that the database cannot hold
            problem = Problem(422, "a value cannot be looked up", "change the request")
        case exc.DBAPIError() | exc.TimeoutError() | Unreachable():
            cause = getattr(error, "orig", error)
            _LOG.warning("the database does not answer: %s", type(cause).__name__)
            problem = away()
        case _ if kind := next((k for k in type(error).__mro__ if k in _ANSWERS), None):
            status, todo = _ANSWERS[kind]
            problem = Problem(status, str(error), todo)
        case _:
            found = f"a fault of Perdura's own ({type(error).__name__})"
            # Starlette answers this outside of all that sets headers.
            problem = Problem(500, found, "report it with the time of day", HEADERS)
    return problem


def problem_answer(request: Request, problem: Problem) -> JSONResponse:
    """The problem, as the answer to the request."""
    path = request.url.path
    shown = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}... ({len(path):,} characters)"
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": f"{problem.found}; {problem.todo}",
        "asked": f"{request.method} {shown}",
        "found": problem.found,
        "todo": problem.todo,
    }
    headers = problem.headers or {}
    return JSONResponse(document, problem.status, headers, media_type="application/problem+json")
