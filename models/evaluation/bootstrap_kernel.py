"""The compiled loop over resampled rows. Importing this costs numba's start."""

# numba has no types.
# pyright: standard
import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def auc_and_loss(
    drawn: np.ndarray,
    subscriber: np.ndarray,
    churned: np.ndarray,
    begins: np.ndarray,
    log_losses: np.ndarray,
) -> tuple[float, float]:  # pragma: no cover
    """ROC AUC and log loss, each row counted as often as its subscriber was drawn.

    ROC AUC: pairs of churner and non-churner in the right order over all pairs; ties count half.

    Args:
        drawn: How often each subscriber was drawn.
        subscriber, churned, begins, log_losses: One value per row, from the lowest risk to the
            highest: index of the subscriber, whether they churned, whether the risk is higher
            than that of the row before, and what the row adds to the log loss.
    """
    below, tied_stayed, tied_churned, churners = 0, 0, 0, 0
    ordered, loss = 0.0, 0.0
    for row in range(len(subscriber)):
        if begins[row]:
            ordered += tied_churned * (below + 0.5 * tied_stayed)
            below += tied_stayed
            tied_stayed, tied_churned = 0, 0
        times = int(drawn[subscriber[row]])
        loss += times * log_losses[row]
        if churned[row]:
            tied_churned += times
            churners += times
        else:
            tied_stayed += times
    ordered += tied_churned * (below + 0.5 * tied_stayed)
    stayers = below + tied_stayed
    pairs = float(churners) * float(stayers)
    return (ordered / pairs if pairs else 0.5), loss / max(churners + stayers, 1)
