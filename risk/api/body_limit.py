"""The largest body of a request."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perdura.risk.api.problems import Problem, problem_answer

LARGEST = 1_000_000


class BodyLimit:
    """Refuses a large body before it comes, or, without a known length, once it is too large."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, or with 413."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length) > LARGEST:
            problem = Problem(413, f"a body of {int(length):,} bytes", f"send at most {LARGEST:,}")
            await problem_answer(Request(scope), problem)(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST:
                raise HTTPException(413, f"a body of more than {LARGEST:,} bytes")
            return message

        await self.app(scope, limited, send)
