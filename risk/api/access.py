"""Access: a bearer token with the right scope, within its rate, and only while audits are kept."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from perdura.risk.api.app_state import ApiState, api_state
from perdura.risk.api.problems import Problem, away
from perdura.risk.records.tokens import Holder, holder_of
from perdura.risk.store.connect import reading

_BEARER = HTTPBearer(auto_error=False, description="A token made by `perdura token create`")


def authorised(state: ApiState, token: str | None, scope: str) -> Holder:
    """The holder of a token with ``scope``.

    Raises:
        Problem: 401, 403, 429, or 503 where the audit takes no more.
    """
    refuse_unaudited(state)
    holder = authenticated(state, token)
    if wait := state.rate_limit.wait(holder.token_id):
        retry = {"Retry-After": str(ceil(wait))}
        raise Problem(429, "this token asks too often", f"wait {ceil(wait)} s", retry)
    if scope not in holder.scopes:
        found = f"the token has {', '.join(sorted(holder.scopes))} and not {scope}"
        challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
        todo = f"ask for a token made with --scope {scope}"
        raise Problem(403, found, todo, challenge)
    return holder


def refuse_unaudited(state: ApiState) -> None:
    """Nothing, if what is read now can be recorded in the audit.

    Raises:
        Problem: 503; where waiting does not help, it says what to do.
    """
    if refusal := state.audit.refusal:
        found = "reads are recorded in the audit, which cannot be written, so none is answered"
        raise away(found, refusal.todo)
    if state.audit.full:
        raise away("as many reads as can wait for the audit wait already, so none is answered")


def authenticated(state: ApiState, token: str | None) -> Holder:
    """The holder of the token.

    Raises:
        Problem: 401, for any reason: unknown, revoked or missing.
    """
    todo = "send the header `Authorization: Bearer TOKEN`; `perdura token create` makes one"
    if not token:
        raise Problem(401, "no token came along", todo, {"WWW-Authenticate": "Bearer"})
    with state.turn, reading(state.settings.url) as connection:
        holder = holder_of(connection, token)
    if holder is None:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise Problem(401, "the token is not known, or was revoked", todo, challenge)
    return holder


def _holder_with(scope: str) -> Callable[..., Holder]:
    def holder(
        request: Request,
        header: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    ) -> Holder:
        return authorised(api_state(request), header.credentials if header else None, scope)

    return holder


Reader = Annotated[Holder, Depends(_holder_with("read"))]
Contacter = Annotated[Holder, Depends(_holder_with("contact"))]
Admin = Annotated[Holder, Depends(_holder_with("admin"))]
