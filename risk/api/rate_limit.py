"""How often a token may ask: a bucket that empties with each request and fills with time."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic


class RateLimit:
    """One bucket for each token, in this process alone."""

    def __init__(
        self, *, per_second: float, burst: int, clock: Callable[[], float] = monotonic
    ) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def wait(self, token_id: str) -> float:
        """Seconds until the token may ask; 0: it may now, and this request is counted."""
        with self._lock:
            now = self._clock()
            left, since = self._buckets.get(token_id, (float(self._burst), now))
            left = min(self._burst, left + (now - since) * self._per_second)
            allowed = left >= 1
            self._buckets[token_id] = (left - 1 if allowed else left, now)
        return 0.0 if allowed else (1 - left) / self._per_second
