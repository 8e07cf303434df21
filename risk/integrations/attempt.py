"""One attempt to notify a target: within its time, and never failed by what follows the status."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from perdura.http_calls import seconds_to_wait
from perdura.risk.integrations.clock import Clock

if TYPE_CHECKING:
    import httpx

#: The longest pause before a target is tried again, whatever its Retry-After.
LONGEST_WAIT = timedelta(hours=12)

# A body tells us nothing: it is read only as far as it frees the connection for the next attempt.
_MOST_BYTES, _MOST_SECONDS = 64 * 2**10, 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target said: a status, or why there is none; and how long it asks to wait."""

    status: str
    wait: timedelta = timedelta()

    @property
    def accepted(self) -> bool:
        """Whether it is a status of 200 to 299."""
        return self.status.isdigit() and self.status.startswith("2")


async def post(
    client: httpx.AsyncClient,
    target: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    patience: timedelta,
    clock: Clock,
) -> Answer:
    """What the target answers; once its status is known, nothing makes it a failure.

    The connection is kept for the next attempt where the body is short. With a connection for each
    delivery, receivers with a short queue of new connections turned some of them away.

    Args:
        client: Keeps the connections.
        target: URL.
        body: JSON.
        headers: The signature.
        patience: For all of it, from looking up the name to the status.
        clock: Tells the time, for a Retry-After that is a date.
    """
    import httpx

    headers = {**headers, "content-type": "application/json", "user-agent": "perdura"}
    answer = None
    try:
        async with (
            asyncio.timeout(patience.total_seconds()),
            client.stream("POST", target, content=body, headers=headers) as response,
        ):
            seconds = seconds_to_wait(
                response.headers.get("retry-after"),
                most=LONGEST_WAIT.total_seconds(),
                now=clock().timestamp(),
            )
            answer = Answer(str(response.status_code), timedelta(seconds=seconds))
            await _free(response)
    except TimeoutError:
        return answer or Answer("timeout")
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return answer or Answer("no connection")
    return answer


async def _free(response: httpx.Response) -> None:
    """Read a short body to its end; a long or slow one is left, and its connection is closed."""
    read = 0
    async with asyncio.timeout(_MOST_SECONDS):
        async for piece in response.aiter_raw():
            read += len(piece)
            if read > _MOST_BYTES:
                return
