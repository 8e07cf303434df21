"""Whether the champion's own recipe, fitted on later outcomes, may take its place."""

import numpy as np
import polars as pl
from sklearn.metrics import log_loss

from perdura.models.evaluation.bootstrap import resample

#: The most that a refresh may be worse than the champion, as a share of its log loss.
NON_INFERIORITY_MARGIN = 0.005


def refreshed(rows: pl.DataFrame, seed: int) -> tuple[bool, str, dict[str, float]]:
    """Whether a refresh is not inferior, why in words, and the numbers behind that.

    It is promoted if the one-sided 95 % bound of its relative gain in log loss is above the margin.

    Args:
        rows: ``subscriber_id``, ``churned``, ``risk`` and ``champion``.
        seed: Decides the resamples.
    """
    left, champion = rows["churned"].to_numpy(), rows["champion"].to_numpy()
    gain = np.asarray(resample(rows, seed)["loss_gain"]) / log_loss(left, champion, labels=[0, 1])
    bound, mean = float(np.quantile(gain, 0.05)), float(np.mean(gain))
    promoted = bound > -NON_INFERIORITY_MARGIN
    limit = "may be" if promoted else "must be"
    why = (
        "it is the champion's recipe on later outcomes, and its log loss differs from the "
        f"champion's by {-mean:+.2%} (at most {-bound:+.2%} in 95 of 100 resamples, and {limit} "
        f"{NON_INFERIORITY_MARGIN:+.1%} at most)"
    )
    return promoted, why, {"refresh_gain": mean, "refresh_gain_bound": bound}
