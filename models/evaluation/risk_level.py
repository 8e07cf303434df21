"""The level of the risks, and which outcomes it comes from."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Level:
    """The newest outcomes that set the level of the risks.

    Attributes:
        newest: Their date: rows of ``[newest, newest + horizon)``.
        judged_from: The first date of the test set.
        rows: Number of rows.
        leavers: Number of churners among them.
        shift: Log-odds added to every risk.
    """

    newest: datetime
    judged_from: datetime
    rows: int
    leavers: int
    shift: float

    @property
    def age_days(self) -> int:
        """Age of the level at the first date of the test set."""
        return (self.judged_from - self.newest).days
