"""The card's section about offers: whether they are made, and how good the model is."""

import polars as pl

from perdura.models.evaluation.metrics import calibration_bins
from perdura.models.reports.markdown import table
from perdura.models.training.expansion_result import Expansion

_WHAT = (
    "The probability that a subscriber chooses to pay more a month within the window: a "
    "larger plan, more seats, a second subscription; never the company's price rise. Subscribers "
    "in trouble get no offer: a high risk, a payment past due, an escalated ticket open."
)


def expansion_card(expansion: Expansion) -> str:
    """A section's text, as Markdown."""
    parts = [_WHAT, "\n".join(f"- {reason}" for reason in expansion.reasons)]
    if expansion.metrics is None or expansion.lies is None:
        return "\n\n".join(parts)
    numbers = {name.removeprefix("expansion."): n for name, n in expansion.logged.items()}
    metrics = pl.DataFrame({"": list(numbers), "model": [f"{n:.4f}" for n in numbers.values()]})
    interval = (
        "In 95 of 100 samples of other subscribers its ROC AUC lies between "
        f"{expansion.lies.low:.3f} and {expansion.lies.high:.3f}."
    )
    bins = calibration_bins(
        expansion.test_rows.select("subscriber_id", "as_of", churned="expanded", risk="offer")
    ).rename({"risk": "offer"})
    counts = ", ".join(f"{name} {size:,}" for name, size in expansion.sizes.items())
    tenths = "In tenths of the evaluated rows: the mean offer, and the observed rate."
    return "\n\n".join([*parts, table(metrics), interval, tenths, table(bins), f"Rows: {counts}."])
