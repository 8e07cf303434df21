"""How large a request may be."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perdura.risk.api.problems import Problem, problem_answer

LARGEST = 1_000_000


class Bodies:
    """Refuses a large body before it comes, and one that tells no length as soon as it is large."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, or with 413."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if told.isdecimal() and int(told) > LARGEST:
            problem = Problem(413, f"a body of {int(told):,} bytes", f"send at most {LARGEST:,}")
            await problem_answer(Request(scope), problem)(scope, receive, send)
            return
        await self.app(scope, _limited(receive), send)


def _limited(receive: Receive) -> Receive:
    """What comes, as long as it is not too much."""
    taken = 0

    async def some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST:
            raise HTTPException(413, f"a body of more than {LARGEST:,} bytes")
        return message

    return some
