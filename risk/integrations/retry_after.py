"""How long another service asks us to wait."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from time import time


def seconds_to_wait(retry_after: str | None, *, most: float, now: float | None = None) -> float:
    """Seconds from now by the header ``Retry-After``, a number or an HTTP date; at most ``most``.

    0 where nothing is asked, or what is asked cannot be read or has passed.
    """
    said = (retry_after or "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said[:9]), most)
    try:
        until = parsedate_to_datetime(said).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(until - (time() if now is None else now), 0.0), most)
