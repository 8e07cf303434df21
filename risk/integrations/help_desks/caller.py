"""Calls of another system's API: at a pace, patient with faults that pass, quiet about content."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from random import random
from time import monotonic, sleep, time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from perdura.risk.integrations.retry_after import seconds_to_wait
from perdura.risk.integrations.targets import NO_PROXY, host_of, log_no_calls, safe

if TYPE_CHECKING:
    import httpx

_TRIES = 6
_LONGEST_WAIT = 60.0  # seconds
_LONGEST_ASKED = 900.0  # seconds that a system may ask us to wait
_TIMEOUT = 30.0  # seconds without a byte
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class NotAllowed(RuntimeError):
    """The other system does not let us in. What was confirmed before is kept."""


class NotNow(RuntimeError):
    """The other system did not answer in time. What was confirmed is kept."""


@dataclass(slots=True)
class Pace:
    """A limit on calls a minute, of all threads together; none while we are to wait.

    Attributes:
        calls_per_minute: The most.
        wait: Sleeps for some seconds.
        first_wait: About the seconds until a failed call is tried again; doubled each time.
    """

    calls_per_minute: float
    wait: Callable[[float], object] = sleep
    first_wait: float = 1.0
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self) -> None:
        """Wait until the next call may be made."""
        with self._lock:
            now = monotonic()
            start = max(now, self._next)
            self._next = start + 60 / self.calls_per_minute
        if start > now:
            self.wait(start - now)

    def hold(self, seconds: float) -> None:
        """Make every thread wait for these seconds."""
        with self._lock:
            self._next = max(self._next, monotonic() + seconds)

    def backed_off(self, attempt: int) -> float:
        """Seconds to wait after some attempts, drawn so that threads do not retry at once."""
        longest = min(self.first_wait * 2**attempt, _LONGEST_WAIT)
        return longest * (0.5 + 0.5 * random())  # noqa: S311


class Caller(AbstractContextManager["Caller"]):
    """One API, at one address."""

    def __init__(self, url: str, headers: Mapping[str, str], pace: Pace) -> None:
        import httpx

        safe(url)
        log_no_calls()
        self._host, self.pace = host_of(url), pace
        self._client = httpx.Client(
            base_url=url,
            headers={"accept": "application/json", "user-agent": "perdura", **headers},
            timeout=_TIMEOUT,
            mounts=NO_PROXY,
        )

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
                self.pace.wait(self.pace.backed_off(attempt))
                continue
            if answer.status_code in (401, 403):
                raise NotAllowed(
                    f"{self._host} answered {answer.status_code} to {endpoint}: look "
                    "at the credentials in the environment, and at what they may do"
                )
            if answer.status_code not in _PASSING:
                return answer
            outcome = str(answer.status_code)
            self.pace.hold(_retry_seconds(answer) or self.pace.backed_off(attempt))
        raise NotNow(f"{self._host} answered {outcome} to {endpoint} {_TRIES} times; run it again")


def read_json(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; an empty one where it is none."""
    try:
        content = answer.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _retry_seconds(answer: httpx.Response) -> float:
    """Seconds by Retry-After or, for Intercom, until the moment of X-RateLimit-Reset; else 0."""
    after, reset = (answer.headers.get(name, "") for name in ("retry-after", "x-ratelimit-reset"))
    if seconds := seconds_to_wait(after, most=_LONGEST_ASKED):
        return seconds
    if reset.isascii() and reset.isdigit():
        return min(max(float(reset[:12]) - time(), 0.0), _LONGEST_ASKED)
    return 0.0
