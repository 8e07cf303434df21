"""Reading a vendor's API: at a pace, patient with faults that pass, quiet about what is secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import random
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import urlsplit

from perdura.sources.connectors.connector import BadConnection, Unavailable

if TYPE_CHECKING:
    import httpx

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: What stays on this machine goes through no proxy, whatever the environment says.
_NO_PROXY: dict[str, None] = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}

#: Answers after which the same request may succeed.
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_TRIES = 8
_TIMEOUT = 60.0  # seconds without a byte
_LONGEST_WAIT = 60.0  # seconds, where the vendor does not say how long
_LONGEST_ASKED = 900.0  # seconds that a vendor may ask us to wait


@dataclass(slots=True)
class RequestPace:
    """How fast an API is asked.

    Attributes:
        calls_per_minute: The most.
        wait: Sleeps for some seconds.
        first_wait: About the seconds until a failed request is repeated; doubled each time.
    """

    calls_per_minute: float
    wait: Callable[[float], object] = sleep
    first_wait: float = 1.0
    _next: float = 0.0

    def keep(self) -> None:
        """Wait until the next request may be made."""
        now = monotonic()
        start = max(now, self._next)
        self._next = start + 60 / self.calls_per_minute
        if start > now:
            self.wait(start - now)

    def back_off(self, attempt: int, asked: float) -> None:
        """Wait as long as the vendor asked, else longer after each attempt."""
        longest = min(self.first_wait * 2**attempt, _LONGEST_WAIT)
        self.wait(asked or longest * (0.5 + 0.5 * random()))  # noqa: S311


class Web(AbstractContextManager["Web"]):
    """One API at one address, of which we only read.

    Attributes:
        server_time: The vendor's own time at its last answer; ``None`` if it told none.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], pace: RequestPace, *, rights: str
    ) -> None:
        """``rights``: what the credentials need, in words that follow "needs"."""
        import httpx

        for name in ("httpx", "httpcore"):  # addresses may name people
            logging.getLogger(name).setLevel(logging.WARNING)
        self._host, self._pace, self._rights = safe_host(url), pace, rights
        self.server_time: datetime | None = None
        self._client = httpx.Client(
            base_url=url,
            headers={"accept": "application/json", "user-agent": "perdura", **headers},
            timeout=_TIMEOUT,
            mounts=_NO_PROXY,
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

    def get(self, path: str, parameters: Mapping[str, str | int]) -> dict[str, Any]:
        """The JSON object at a path; faults that pass are waited for.

        Raises:
            Refused: The same request will be refused again.
            Unavailable: It fails after all patience. No message repeats a parameter, a header or
                content.
        """
        import httpx

        outcome = "nothing"
        for attempt in range(_TRIES):
            self._pace.keep()
            try:
                answer = self._client.get(path, params=dict(parameters))
                content = answer.read()
            except httpx.RequestError as error:
                outcome = type(error).__name__  # its text may tell what was sent
                self._pace.back_off(attempt, 0.0)
                continue
            self.server_time = _moment(answer.headers.get("date"))
            if answer.status_code not in _PASSING:
                found = _object(content)
                self._refuse(path, answer.status_code, found or {})
                if found is not None:
                    return found
            outcome = "no JSON object" if answer.is_success else str(answer.status_code)
            self._pace.back_off(attempt, self._asked_to_wait(answer))
        raise Unavailable(
            f"{self._host} answered {outcome} to {path} {_TRIES} times; what was fetched before is "
            "kept: extract again, and it goes on from there"
        )

    def _refuse(self, path: str, status: int, content: Mapping[str, Any]) -> None:
        """Raise unless an answer is a success."""
        error = content.get("error")
        fault = cast("dict[str, Any]", error) if isinstance(error, dict) else {}
        if status == 401:
            raise Refused(
                f"{self._host} does not know the credentials (401 to {path}): the token has "
                "expired, was withdrawn or is another account's; make a new one and set it in the "
                "environment",
                status,
                fault,
            )
        if status == 403:
            raise Refused(
                f"{self._host} does not let these credentials read {path} (403): it needs "
                f"{self._rights}",
                status,
                fault,
            )
        if not 200 <= status < 300:
            raise Refused(
                f"{self._host} answered {status} to {path}; is it the address of the account?",
                status,
                fault,
            )

    def _asked_to_wait(self, answer: httpx.Response) -> float:
        """Seconds by ``Retry-After``: a number, or a moment of the vendor's own clock."""
        text = answer.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return min(float(text[:9]), _LONGEST_ASKED)
        until, now = _moment(text), self.server_time or datetime.now(UTC)
        if until is None:
            return 0.0
        return min(max((until - now).total_seconds(), 0.0), _LONGEST_ASKED)


class Refused(Unavailable):
    """An answer that the same request will get again.

    Attributes:
        status: The HTTP status.
        error: What the answer's JSON says under ``error``, if that is an object; it may name people
            or keys and belongs in no message as it is.
    """

    def __init__(self, words: str, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(words)
        self.status, self.error = status, error


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        found: Any = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def safe_host(url: str) -> str:
    """The host of an address that is encrypted, or on this machine.

    Raises:
        BadConnection: It is no address, is not encrypted or has a password in it.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme not in ("https", "http") or not url.isprintable():
        raise BadConnection("url is no address; write https://HOST")
    if parts.username is not None or parts.password is not None:
        raise BadConnection(
            f"the address of {host} has a password in it; it belongs in the environment"
        )
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise BadConnection(f"the address of {host} is not encrypted; write https://{host}")
    return parts.netloc


def _moment(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text or "").astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
