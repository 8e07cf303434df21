"""Connections that send too slowly are closed: a few clients must not hold all there are."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Seconds for the head of a request, from its first byte (of a new connection, from its start).
HEAD_SECONDS = 15.0
#: Seconds for its body.
BODY_SECONDS = 30.0


class HeadTimeout(H11Protocol):
    """Closes a connection on which no whole head of a request has come in time."""

    head_seconds = HEAD_SECONDS
    _closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; wait on, from the first piece, where it is no whole head yet."""
        super().data_received(data)
        if self._answering:
            self._stop_waiting()
        else:
            self._wait()

    def on_response_complete(self) -> None:
        """Wait for the rest of the next request, if some of it has come already."""
        super().on_response_complete()
        if not self._answering and self.conn.trailing_data[0]:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is waited for."""
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def _answering(self) -> bool:
        cycle = getattr(self, "cycle", None)  # none before the first request
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        if self._closing is None:
            self._closing = self.loop.call_later(self.head_seconds, self._close)

    def _stop_waiting(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None

    def _close(self) -> None:
        self._closing = None
        if not self._answering and not self.transport.is_closing():
            self.transport.close()


class BodyTimeout:
    """Answers 408 where the body of a request does not come in time."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.seconds = app, BODY_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, or with 408."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        until, whole = asyncio.get_running_loop().time() + self.seconds, False

        async def in_time() -> Message:
            nonlocal whole
            if whole:  # what comes now is that the other side went away
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    408, f"a body that did not come within {self.seconds:.0f} s"
                ) from None
            whole = not message.get("more_body", False)
            return message

        await self.app(scope, in_time, send)
