"""The champion's risks of the test set of a challenger, or why there are none."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The champion's risks, or why there are none.

    Attributes:
        risk: The risk of each row by the champion's recipe, fitted on the challenger's own parts;
            named ``champion``. For a refresh, the champion's own risks where it knows no outcome
            of these rows, else the challenger's: their recipe is the same.
        silent: Why it cannot be compared: there is nothing to beat.
        knew: Why it cannot be beaten: it knows later outcomes.
        incomparable: Which other question it answers: it cannot be beaten or replaced.
        unservable: Why no night can be scored with it any more.
        refresh: Whether the challenger has the same recipe.
        newer: Whether the challenger, as it would be published, knows later outcomes.
    """

    risk: pl.Series | None = None
    silent: str | None = None
    knew: str | None = None
    incomparable: str | None = None
    unservable: str | None = None
    refresh: bool = False
    newer: bool = True
