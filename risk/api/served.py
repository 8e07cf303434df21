"""What is served, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection

from risk.api.auditing import Audit
from risk.api.rates import Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What an app serves.

    Attributes:
        url: Where the risk table is kept.
        language: Of pages and reasons, for those who ask for none.
        per_second: So many requests a token may make each second, over time.
        burst: So many at once.
        cors_origins: Pages elsewhere whose scripts may ask, e.g. ``https://desk.example``.
    """

    url: str
    language: Literal["en", "es"] = "en"
    per_second: float = 50.0
    burst: int = 200
    cors_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """An app at work: what it serves, and what it keeps in mind meanwhile."""

    served: Served
    audit: Audit
    rates: Rates


def serving(connection: HTTPConnection) -> Serving:
    """The app's own, wherever a request of it is at hand."""
    return connection.app.state.serving
