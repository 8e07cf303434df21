"""Whether a refit on all rows was better at earlier dates than holding the newest rows back."""

from dataclasses import dataclass

import polars as pl

from perdura.models.evaluation.metrics import calibration_error, evaluate
from perdura.sources.counted import counted

#: The risk of a model that was fitted again, beside that of the model that was evaluated.
REFIT = "refit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedures:
    """Two ways to make the model, at the same earlier dates, on all of their rows together.

    Attributes:
        dates: Number of dates.
        rows: Rows of these dates.
        log_loss: Log loss of the models fitted again on every row known at their date.
        calibration_error: Their calibration error.
        held_back_log_loss: Log loss of the models fitted before the rows that calibrated them.
        held_back_calibration_error: Their calibration error.
    """

    dates: int
    rows: int
    log_loss: float
    calibration_error: float
    held_back_log_loss: float
    held_back_calibration_error: float

    @property
    def refit_is_as_good(self) -> bool:
        """Whether fitting again was at least as good by both measures."""
        return (
            self.log_loss <= self.held_back_log_loss
            and self.calibration_error <= self.held_back_calibration_error
        )


def compare_procedures(test_rows: pl.DataFrame) -> Procedures:
    """Both ways on the pooled rows of all dates.

    Args:
        test_rows: ``as_of``, ``churned``, ``risk`` (held back) and ``refit``, with what
            ``models.evaluation.metrics.evaluate`` reads.
    """
    return Procedures(
        dates=test_rows["as_of"].n_unique(),
        rows=test_rows.height,
        log_loss=evaluate(test_rows, REFIT, calls=1).log_loss,
        calibration_error=calibration_error(test_rows, REFIT),
        held_back_log_loss=evaluate(test_rows, "risk", calls=1).log_loss,
        held_back_calibration_error=calibration_error(test_rows, "risk"),
    )


def why_held_back(found: Procedures | None) -> str | None:
    """Why a model is not fitted again on its newest rows, in words; ``None`` where it is."""
    if found is None or found.refit_is_as_good:
        return None
    return (
        f"fitted again at {counted(found.dates, 'earlier date')}, on all known then, its log loss "
        f"was {found.log_loss:.4f} and its calibration error {found.calibration_error:.4f}; held "
        f"back, {found.held_back_log_loss:.4f} and {found.held_back_calibration_error:.4f}"
    )
