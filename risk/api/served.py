"""What is served, and to whom."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock
from typing import Literal

from anyio import CapacityLimiter
from starlette.requests import HTTPConnection

from perdura.risk.api.auditing import Audit
from perdura.risk.api.rates import Rates
from perdura.risk.desk.reword import Reword, as_published

_EXPORTS, _WRITERS = 4, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What an app serves.

    Attributes:
        url: Where the risk table is kept.
        language: Of pages, for those whose browser asks for none that there is.
        reword: Puts texts of a night into the language of who reads its pages.
        per_second: So many requests a token may make each second, over time.
        burst: So many at once.
        longest_export: Seconds after which an export ends that is not taken.
        public_url: The address that people use, where a proxy is in between, with its path.
        cors_origins: Pages elsewhere whose scripts may ask, e.g. ``https://desk.example``.
    """

    url: str
    language: Literal["en", "es"] = "en"
    reword: Reword = as_published
    per_second: float = 50.0
    burst: int = 200
    longest_export: float = 1_800.0
    cors_origins: tuple[str, ...] = ()
    public_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """An app at work: what it serves, and what it keeps in mind meanwhile.

    Attributes:
        served: What it serves.
        audit: Who read whom.
        rates: Who asked how often.
        turn: Held for a read of a few rows. SQLite answers within the process, and lets go of the
            interpreter's lock at every row: four such reads at once took twice as long as one
            after another. A database elsewhere is asked by all at once.
        exports: Places for those who take a whole night at once: each holds a connection for as
            long as its reader likes, and there are not many.
        writers: Places for those who write: on SQLite they wait for a night that is published, and
            are not to take all threads meanwhile.
    """

    served: Served
    audit: Audit
    rates: Rates
    turn: AbstractContextManager[object] = field(default_factory=Lock)
    exports: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_EXPORTS))
    writers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_WRITERS))


def serving(connection: HTTPConnection) -> Serving:
    """The app's own, wherever a request of it is at hand."""
    return connection.app.state.serving
