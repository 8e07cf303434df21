"""Calls of another system's API: at a pace, patient with faults that pass, quiet about content."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from time import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from perdura.http_calls import LONGEST_ASKED, PASSING, RequestPace, json_client, seconds_to_wait
from perdura.json_values import JsonObject, as_object
from perdura.risk.integrations.targets import host_of, safe

if TYPE_CHECKING:
    import httpx

_TRIES = 6
_TIMEOUT = 30.0  # seconds without a byte


class NotAllowed(RuntimeError):
    """The other system does not let us in. What was confirmed before is kept."""


class NotNow(RuntimeError):
    """The other system did not answer in time. What was confirmed is kept."""


class Caller(AbstractContextManager["Caller"]):
    """One API, at one address."""

    def __init__(self, url: str, headers: Mapping[str, str], pace: RequestPace) -> None:
        safe(url)
        self._host, self.pace = host_of(url), pace
        self._client = json_client(url, headers, _TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer, whether it is a success or not; faults that pass are waited for.

        Only for calls that may be made twice: where an answer is lost the call is repeated.

        Raises:
            NotAllowed: 401 or 403.
            NotNow: It still fails, or is busy, after all patience.
        """
        import httpx

        outcome = "nothing"
        # Without the parts of a path that may name a subscriber.
        endpoint = f"{method} {'/'.join(path.partition('?')[0].split('/')[:5])}"
        for attempt in range(_TRIES):
            self.pace.keep()
            try:
                answer = self._client.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                outcome = type(error).__name__  # its text may tell what was sent
                self.pace.back_off(attempt)
                continue
            if answer.status_code in (401, 403):
                raise NotAllowed(
                    f"{self._host} answered {answer.status_code} to {endpoint}: look "
                    "at the credentials in the environment, and at what they may do"
                )
            if answer.status_code not in PASSING:
                return answer
            outcome = str(answer.status_code)
            self.pace.hold(_retry_seconds(answer) or self.pace.backed_off(attempt))
        raise NotNow(f"{self._host} answered {outcome} to {endpoint} {_TRIES} times; run it again")


def read_json(answer: httpx.Response) -> JsonObject:
    """The JSON object of an answer; an empty one where it is none."""
    try:
        return as_object(answer.json())
    except ValueError:
        return {}


def _retry_seconds(answer: httpx.Response) -> float:
    """Seconds by Retry-After or, for Intercom, until the moment of X-RateLimit-Reset; else 0."""
    after, reset = (answer.headers.get(name, "") for name in ("retry-after", "x-ratelimit-reset"))
    if seconds := seconds_to_wait(after, most=LONGEST_ASKED):
        return seconds
    if reset.isascii() and reset.isdigit():
        return min(max(float(reset[:12]) - time(), 0.0), LONGEST_ASKED)
    return 0.0
