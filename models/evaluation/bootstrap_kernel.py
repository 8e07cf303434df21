"""The compiled loop over resampled rows. Importing this costs numba's start."""

# numba passes arguments by place.
from numba import njit


@njit(cache=True, nogil=True)
def auc_and_loss(drawn, person, left, begins, log_losses):  # pragma: no cover
    """ROC AUC and log loss, each row counting as often as its person was drawn.

    Pairs of leaver and stayer in the right order over all pairs; equal risks count half.

    Args:
        drawn: How often each person was.
        person, left, begins, surprise: Of each row, from the lowest risk to the highest: whose it
            is, whether they left, whether its risk is higher than that of the row before, and what
            it adds to the log loss.
    """
    below, stayed_here, left_here, leavers = 0, 0, 0, 0
    ordered, loss = 0.0, 0.0
    for row in range(len(person)):
        if begins[row]:
            ordered += left_here * (below + 0.5 * stayed_here)
            below += stayed_here
            stayed_here, left_here = 0, 0
        times = int(drawn[person[row]])
        loss += times * log_losses[row]
        if left[row]:
            left_here += times
            leavers += times
        else:
            stayed_here += times
    ordered += left_here * (below + 0.5 * stayed_here)
    stayers = below + stayed_here
    pairs = float(leavers) * float(stayers)
    return (ordered / pairs if pairs else 0.5), loss / max(leavers + stayers, 1)
