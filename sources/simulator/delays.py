"""When facts become known: most within minutes, a few after days or weeks."""

import numpy as np

from perdura.sources.simulator.vectors import DAY, MINUTE, Ints


def known_later(rng: np.random.Generator, happened_at: Ints, late: float) -> Ints:
    """When each row can first be read; a share of ``late`` arrives between a day and a month."""
    count = len(happened_at)
    prompt = (rng.random(count) * 10 * MINUTE).astype(np.int64)
    weeks = np.clip(rng.exponential(6, count) + 1, 1, 30) * DAY
    return happened_at + np.where(rng.random(count) < late, weeks.astype(np.int64), prompt)
