"""The settings of the API, and what it keeps while it runs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock
from typing import Literal

from anyio import CapacityLimiter
from starlette.requests import HTTPConnection

from perdura.risk.api.auditing import Audit
from perdura.risk.api.rate_limit import RateLimit
from perdura.risk.desk.reword import Reword, as_published

_EXPORTS, _WRITERS = 4, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Settings of the app.

    Attributes:
        url: Of the risk table.
        language: Of pages, where the browser asks for none of their languages.
        reword: Puts texts of a night into the language of a page's reader.
        demonstration: Whether pages say that the data are a simulated company's.
        per_second: Requests that a token may make each second, over time.
        burst: Requests that a token may make at once.
        longest_export: Seconds after which an export ends that its client does not read.
        public_url: The address in browsers, with its path, where a proxy is in between.
        cors_origins: Origins with scripts that may call the API, e.g. ``https://desk.example``.
    """

    url: str
    language: Literal["en", "es"] = "en"
    reword: Reword = as_published
    demonstration: bool = False
    per_second: float = 50.0
    burst: int = 200
    longest_export: float = 1_800.0
    cors_origins: tuple[str, ...] = ()
    public_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiState:
    """A running app: its settings, and what its requests share.

    Attributes:
        settings: Of the app.
        audit: Of reads and writes.
        rate_limit: Of each token.
        turn: Held for a read of a few rows. SQLite answers within the process, and lets go of the
            interpreter's lock at every row: four such reads at once took twice as long as one
            after another. PostgreSQL answers all requests at once.
        exports: Limits exports at once: each holds one of few connections for as long as its
            client likes.
        writers: Limits writers at once: on SQLite they wait while a night is published, and must
            not take all threads meanwhile.
    """

    settings: ApiSettings
    audit: Audit
    rate_limit: RateLimit
    turn: AbstractContextManager[object] = field(default_factory=Lock)
    exports: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_EXPORTS))
    writers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_WRITERS))


def api_state(connection: HTTPConnection) -> ApiState:
    """The state of the app that answers a request."""
    return connection.app.state.api
