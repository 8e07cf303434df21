"""What all calls of other systems share: a pace, patience with faults that pass, safe addresses."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from random import random
from time import monotonic, sleep, time
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    import httpx

#: Statuses after which the same call may succeed.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
#: The longest a system may make us wait by ``Retry-After``, in seconds.
LONGEST_ASKED = 900.0
#: For httpx: what stays on this machine goes through no proxy, whatever the environment says.
NO_PROXY: dict[str, None] = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}

_LONGEST_WAIT = 60.0  # seconds, where the system does not say how long
_LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))


@dataclass(slots=True)
class RequestPace:
    """A limit on calls a minute, of all threads together; none while we are to wait.

    Attributes:
        calls_per_minute: The most.
        wait: Sleeps for some seconds.
        first_wait: About the seconds until a failed call is repeated; doubled each time.
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
        """Seconds to wait after some attempts, drawn so that callers do not retry at once."""
        longest = min(self.first_wait * 2**attempt, _LONGEST_WAIT)
        return longest * (0.5 + 0.5 * random())  # noqa: S311

    def back_off(self, attempt: int, asked: float = 0.0) -> None:
        """Wait as long as the system asked, else longer after each attempt."""
        self.wait(asked or self.backed_off(attempt))


def seconds_to_wait(retry_after: str | None, *, most: float, now: float | None = None) -> float:
    """Seconds from now by the header ``Retry-After``, a number or an HTTP date; at most ``most``.

    0 where the header is absent, cannot be read, or names a moment that has passed.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), most)
    if (until := http_moment(text)) is None:
        return 0.0
    return min(max(until.timestamp() - (time() if now is None else now), 0.0), most)


def http_moment(text: str | None) -> datetime | None:
    """The moment of an HTTP date (UTC); ``None`` of what is none."""
    try:
        return parsedate_to_datetime(text or "").astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


AddressFault = Literal["no address", "password", "not encrypted"]


def check_address(url: str) -> tuple[SplitResult, AddressFault | None]:
    """The parts of an address, and why no call goes there: calls are encrypted, or stay here.

    Of what is no address there are no parts.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return urlsplit(""), "no address"
    if not host or parts.scheme not in {"https", "http"} or not url.isprintable():
        return parts, "no address"
    if parts.username is not None or parts.password is not None:
        return parts, "password"
    on_this_machine = host == "localhost"
    with suppress(ValueError):
        on_this_machine |= ip_address(host) in _LOOPBACK
    return parts, None if parts.scheme == "https" or on_this_machine else "not encrypted"


def log_no_calls() -> None:
    """Let httpx log no addresses: paths name people, and may hold secrets."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def json_client(url: str, headers: Mapping[str, str], timeout: float) -> httpx.Client:
    """A client of one API that answers JSON.

    Args:
        url: Its address; paths of calls follow it.
        headers: The credentials, and what else each call says.
        timeout: Seconds without a byte until a call has failed.
    """
    import httpx

    log_no_calls()
    return httpx.Client(
        base_url=url,
        headers={"accept": "application/json", "user-agent": "perdura", **headers},
        timeout=timeout,
        mounts=NO_PROXY,
    )
