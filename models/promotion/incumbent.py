"""What the champion says of the rows that a challenger is judged by, or why it does not."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The champion's answer, or why there is none.

    Attributes:
        risk: What its recipe, fitted on the challenger's own parts, says of each row; named
            ``champion``. Of a refresh, what the champion itself says where it knows no outcome of
            them, else what the challenger says: their recipe is the same.
        silent: Why it could not be asked: there is nothing to beat.
        knew: Why it cannot be beaten: it knows later outcomes.
        incomparable: What else it predicts: it cannot be beaten, nor can it be replaced.
        unservable: Why no night can be scored with it any more.
        refresh: Whether the challenger is the same recipe.
        newer: Whether the challenger, as it would be published, knows later outcomes.
    """

    risk: pl.Series | None = None
    silent: str | None = None
    knew: str | None = None
    incomparable: str | None = None
    unservable: str | None = None
    refresh: bool = False
    newer: bool = True
