"""How long another service asks us to wait."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from time import time


def seconds_to_wait(retry_after: str | None, *, most: float, now: float | None = None) -> float:
    """Seconds from now by the header ``Retry-After``, a number or an HTTP date; at most ``most``.

    0 where the header is absent, cannot be read, or names a moment that has passed.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), most)
    try:
        until = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(until - (time() if now is None else now), 0.0), most)
