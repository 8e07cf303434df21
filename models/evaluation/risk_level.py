"""The level of the risks, and which outcomes it comes from."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Level:
    """The newest outcomes that set the level of the risks.

    Attributes:
        newest: Their date: rows of ``[newest, newest + horizon)``.
        judged_from: The first date that was judged.
        rows: How many.
        leavers: How many of them left.
        shift: Log-odds that were added to every risk.
    """

    newest: datetime
    judged_from: datetime
    rows: int
    leavers: int
    shift: float

    @property
    def age_days(self) -> int:
        """How old the level was when the first judged date came."""
        return (self.judged_from - self.newest).days
