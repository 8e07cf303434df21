"""Learn a calibration from scores of rows that were not fitted; choose its kind on later ones."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from perdura.models.predictor.calibration import LEAST_SLOPE, Beta, Calibration, Isotonic, Platt

_SLOPES = (LEAST_SLOPE, 10.0)

# How far from one a slope is expected: a handful of leavers does not make small differences large.
_SLOPE_SPREAD = 0.5


def choose_calibration(score: np.ndarray, happened: np.ndarray, later: np.ndarray) -> Calibration:
    """The kind of calibration that later rows speak for, learnt on all rows.

    Each kind is learnt on the rows before and asked about the later ones. A line is taken, unless
    another kind is less surprised (log loss) by more than one standard error of the difference:
    a curve that bends must earn it.

    Args:
        score: Raw scores (log-odds) of rows that were not fitted.
        happened: Whether it did, 0 or 1, one for each score.
        later: Which rows are later.
    """
    if len(np.unique(happened[later])) < 2 or len(np.unique(happened[~later])) < 2:
        return learn_platt(score, happened)
    line, *bent = (
        _log_losses(learn(score[~later], happened[~later]).apply(score[later]), happened[later])
        for learn in _KINDS
    )
    gains = [line - curve for curve in bent]
    sure = [float(g.mean() - g.std() / np.sqrt(len(g))) for g in gains]
    best = int(np.argmax(sure))
    return _KINDS[best + 1 if sure[best] > 0 else 0](score, happened)


def learn_platt(score: np.ndarray, happened: np.ndarray) -> Platt:
    """The line under which what happened was likeliest.

    Platt's own counts, one added to each side, keep a handful of rows from certainty, and so does
    a slope that is taken to lie near one until the rows say otherwise.

    Args:
        score: Raw scores (log-odds) of rows that were not fitted.
        happened: Whether it did, 0 or 1, one for each score.
    """
    return Platt(*_likeliest(score[:, None], happened))


def learn_beta(score: np.ndarray, happened: np.ndarray) -> Beta:
    """As ``learn_platt``, the line that bends once; both its slopes are taken to lie near one."""
    return Beta(
        *_likeliest(np.stack([-np.logaddexp(0, -score), np.logaddexp(0, score)], 1), happened)
    )


def learn_isotonic(score: np.ndarray, happened: np.ndarray) -> Isotonic:
    """As ``learn_platt``, the steps that only rise."""
    # Rounded, so that a step which sums parted by a last bit is one, and none is infinitely steep.
    score = score.round(12)
    rising = IsotonicRegression().fit_transform(score, _counted(happened))
    levels, step = np.unique(rising.round(12), return_inverse=True)
    middles = np.bincount(step, score) / np.bincount(step)
    return Isotonic(tuple(middles.tolist()), tuple(logit(levels).tolist()))


_KINDS: tuple[Callable[[np.ndarray, np.ndarray], Calibration], ...] = (
    learn_platt,
    learn_beta,
    learn_isotonic,
)


def _likeliest(columns: np.ndarray, happened: np.ndarray) -> list[float]:
    """A slope of each column, and an intercept."""
    target, many, slopes = _counted(happened), len(columns), columns.shape[1]

    def log_losses(line: np.ndarray) -> tuple[float, np.ndarray]:
        told = columns @ line[:-1] + line[-1]
        wrong, away = expit(told) - target, (line[:-1] - 1) / _SLOPE_SPREAD
        loss = np.mean(np.logaddexp(0, told) - target * told) + (away**2).sum() / 2 / many
        pull = away / _SLOPE_SPREAD / many
        return float(loss), np.append(wrong @ columns / many + pull, np.mean(wrong))

    start, bounds = np.append(np.ones(slopes), 0.0), [_SLOPES] * slopes + [(None, None)]
    return minimize(log_losses, start, jac=True, method="L-BFGS-B", bounds=bounds).x.tolist()


def _counted(happened: np.ndarray) -> np.ndarray:
    """What happened, one more row of each kind spread over all: nothing is certain."""
    many, few = int((1 - happened).sum()), int(happened.sum())
    return np.where(happened > 0, (few + 1) / (few + 2), 1 / (many + 2))


def _log_losses(said: np.ndarray, happened: np.ndarray) -> np.ndarray:
    return -np.log(np.where(happened > 0, said, 1 - said))
