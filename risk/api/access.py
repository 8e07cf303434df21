"""Who may ask: a bearer token with the scope that it takes, not too often, and never unseen."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from perdura.risk.api.problems import Problem, away
from perdura.risk.api.served import Serving, serving
from perdura.risk.records.tokens import Holder, holder_of
from perdura.risk.store.connect import reading

_BEARER = HTTPBearer(auto_error=False, description="A token made by `perdura token create`")


def admitted(at_work: Serving, token: str | None, scope: str) -> Holder:
    """The holder of the token, who may do what takes ``scope``.

    Raises:
        Problem: 401, 403, 429, or 503 where the audit takes no more.
    """
    holder = known(at_work, token)
    if wait := at_work.rates.wait(holder.token_id):
        again = {"Retry-After": str(ceil(wait))}
        raise Problem(429, "this token asks too often", f"wait {ceil(wait)} s", again)
    if scope not in holder.scopes:
        found = f"the token has {', '.join(sorted(holder.scopes))} and not {scope}"
        challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
        todo = f"ask for a token made with --scope {scope}"
        raise Problem(403, found, todo, challenge)
    if at_work.audit.full:
        raise away("who reads whom cannot be written down now, and nobody reads unseen")
    return holder


def known(at_work: Serving, token: str | None) -> Holder:
    """The holder of the token.

    Raises:
        Problem: 401: there is none. Which of the reasons it is, is not told.
    """
    todo = "send the header `Authorization: Bearer TOKEN`; `perdura token create` makes one"
    if not token:
        raise Problem(401, "no token came along", todo, {"WWW-Authenticate": "Bearer"})
    with at_work.turn, reading(at_work.served.url) as connection:
        holder = holder_of(connection, token)
    if holder is None:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise Problem(401, "the token is not known, or was revoked", todo, challenge)
    return holder


def _allowed(scope: str) -> Callable[..., Holder]:
    def holder(
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    ) -> Holder:
        return admitted(serving(request), given.credentials if given else None, scope)

    return holder


Reader = Annotated[Holder, Depends(_allowed("read"))]
Contacter = Annotated[Holder, Depends(_allowed("contact"))]
Admin = Annotated[Holder, Depends(_allowed("admin"))]
