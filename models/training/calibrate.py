"""Learn a calibration from scores of rows that were not fitted; choose its kind on later rows."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from perdura.models.predictor.calibration import LEAST_SLOPE, Beta, Calibration, Isotonic, Platt

_SLOPES = (LEAST_SLOPE, 10.0)

# Prior standard deviation of a slope around one: a few churners hardly move it.
_SLOPE_SPREAD = 0.5


def choose_calibration(score: np.ndarray, happened: np.ndarray, later: np.ndarray) -> Calibration:
    """The calibration, of the kind that is best on later rows, learnt on all rows.

    Each kind is learnt on the earlier rows and evaluated on the later ones. A line is taken,
    unless a curve has a lower log loss by more than one standard error of the difference.

    Args:
        score: Raw scores (log-odds) of rows that were not fitted.
        happened: The outcome, 0 or 1, one per score.
        later: Which rows are later.
    """
    if len(np.unique(happened[later])) < 2 or len(np.unique(happened[~later])) < 2:
        return learn_platt(score, happened)
    log_losses: list[np.ndarray] = []
    for learn in _KINDS:
        risk = learn(score[~later], happened[~later]).apply(score[later])
        log_losses.append(-np.log(np.where(happened[later] > 0, risk, 1 - risk)))
    line, *curves = log_losses
    gains = [line - curve for curve in curves]
    lower = [float(gain.mean() - gain.std() / np.sqrt(len(gain))) for gain in gains]
    best = int(np.argmax(lower))
    return _KINDS[best + 1 if lower[best] > 0 else 0](score, happened)


def learn_platt(score: np.ndarray, happened: np.ndarray) -> Platt:
    """The line of maximum likelihood.

    Platt's smoothed targets (one row more of each class) and a prior of the slope around one keep
    a few rows from certainty.

    Args:
        score: Raw scores (log-odds) of rows that were not fitted.
        happened: The outcome, 0 or 1, one per score.
    """
    return Platt(*_likeliest(score[:, None], happened))


def learn_beta(score: np.ndarray, happened: np.ndarray) -> Beta:
    """As ``learn_platt``, for beta calibration; both slopes have a prior around one."""
    return Beta(
        *_likeliest(np.stack([-np.logaddexp(0, -score), np.logaddexp(0, score)], 1), happened)
    )


def learn_isotonic(score: np.ndarray, happened: np.ndarray) -> Isotonic:
    """As ``learn_platt``, for centered isotonic regression."""
    # Rounded, so that sums which differ in the last bit share a step, and no step is vertical.
    score = score.round(12)
    fitted = IsotonicRegression().fit_transform(score, _smoothed(happened))
    levels, step = np.unique(fitted.round(12), return_inverse=True)
    middles = np.bincount(step, score) / np.bincount(step)
    return Isotonic(tuple(middles.tolist()), tuple(logit(levels).tolist()))


_KINDS: tuple[Callable[[np.ndarray, np.ndarray], Calibration], ...] = (
    learn_platt,
    learn_beta,
    learn_isotonic,
)


def _likeliest(columns: np.ndarray, happened: np.ndarray) -> list[float]:
    """A slope of each column, and an intercept."""
    target, rows, slopes = _smoothed(happened), len(columns), columns.shape[1]

    def log_loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        odds: np.ndarray = columns @ line[:-1] + line[-1]
        residual: np.ndarray = expit(odds) - target
        prior = (line[:-1] - 1) / _SLOPE_SPREAD
        loss = np.mean(np.logaddexp(0, odds) - target * odds) + (prior**2).sum() / 2 / rows
        pull = prior / _SLOPE_SPREAD / rows
        return float(loss), np.append(residual @ columns / rows + pull, np.mean(residual))

    start = np.append(np.ones(slopes), 0.0)
    bounds: list[tuple[float | None, float | None]] = [*[_SLOPES] * slopes, (None, None)]
    return minimize(log_loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x.tolist()


def _smoothed(happened: np.ndarray) -> np.ndarray:
    """The targets with one row more of each class spread over all: no outcome is certain."""
    without, with_it = int((1 - happened).sum()), int(happened.sum())
    return np.where(happened > 0, (with_it + 1) / (with_it + 2), 1 / (without + 2))
