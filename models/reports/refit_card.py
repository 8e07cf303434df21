"""The published model in words: the evaluated recipe fitted again, or why it was not."""

import polars as pl

from perdura.models.evaluation.refit_comparison import Procedures
from perdura.models.reports.markdown import table
from perdura.models.training.result import Trained
from perdura.sources.counted import counted


def refit_card(trained: Trained) -> str:
    """The part of the model card about the second fit, as Markdown."""
    published = (
        _fitted(trained)
        if trained.held_back is None
        else (
            "Published is the model that was evaluated. It was not fitted again on the newest "
            f"rows: {trained.held_back}."
        )
    )
    earlier = trained.earlier
    compared = _NOT_COMPARED if earlier is None else _compared(earlier.procedures)
    return f"{published}\n\n{compared}"


def _fitted(trained: Trained) -> str:
    model, evidence, sizes = trained.model, trained.evidence, trained.sizes
    return (
        "The numbers above are of a model fitted on what happened before "
        f"{evidence.fitted_until:%Y-%m-%d} ({counted(evidence.booster.num_trees(), 'tree')}). "
        f"Published is the same recipe fitted on all {sizes['refit_rows']:,} rows whose outcome is "
        f"known ({sizes['refit_churned']:,} left), until {model.fitted_until:%Y-%m-%d} "
        f"({counted(model.booster.num_trees(), 'tree')}). Its calibration is cross-fitted: learnt "
        "on scores of trees that were grown on other people, then shifted towards the newest dates."
    )


def _compared(found: Procedures) -> str:
    intro = (
        f"Both ways at {counted(found.dates, 'earlier date')}, by what was known then, on all "
        f"{counted(found.rows, 'row')} of these dates at once:"
    )
    rows = pl.DataFrame(
        {
            "": ["held back", "fitted again"],
            "log_loss": [f"{found.held_back_log_loss:.4f}", f"{found.log_loss:.4f}"],
            "calibration_error": [
                f"{found.held_back_calibration_error:.4f}",
                f"{found.calibration_error:.4f}",
            ],
        }
    )
    return f"{intro}\n\n{table(rows)}"


_NOT_COMPARED = (
    "Whether fitting again is better was not compared on this history: there are too few earlier "
    "dates, or the settings ask for none."
)
