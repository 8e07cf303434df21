"""Everything that changes a fitted model. Logged as it stands."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class BoosterParams:
    """How LightGBM grows its trees.

    Attributes:
        learning_rate: How much each tree adds.
        rounds: At most so many trees.
        patience: Stop after so many trees that did not help on the later slice.
        max_depth: Splits on a path at most: so deep, reasons are read from tables.
        num_leaves: Leaves of a tree at most.
        min_data_in_leaf: Rows in a leaf at least.
        feature_fraction: Share of the columns that each tree may use.
        lambda_l2: How strongly leaves are drawn towards zero.
        rising: Columns more of which never lowers what is predicted.
        seed: Decides which columns each tree may use.
        threads: Threads to fit with; the model does not depend on it. 0: one per core.
    """

    learning_rate: float = 0.04
    rounds: int = 600
    patience: int = 40
    max_depth: int = 6
    num_leaves: int = 31
    min_data_in_leaf: int = 100
    feature_fraction: float = 0.6
    lambda_l2: float = 5.0
    rising: tuple[str, ...] = ()
    seed: int = 0
    threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParams:
    """What is predicted, on which rows it is learnt and judged, and how the trees grow.

    Attributes:
        churn: ``contract``: a subscription is given up. ``silence``: nothing is paid.
        lead_days: Days between ``as_of`` and the window.
        horizon_days: Length of the window, ``[as_of + lead, as_of + lead + horizon)``.
        grace_days: How long a leaving may be undone; of no use where churn is silence.
        expansion_days: Within so many days from the lead on somebody chooses to pay more, or not.
        contacted: What becomes of rows of people whom support contacted in time to change what
            became of them: they are ``left_out``; or they are learnt from as others are, beside
            ``features`` of what support did.
        split: By ``time``, or by ``subscribers`` where the history is too short for that.
        calibrate_dates: How many dates calibrate, where the split is by time.
        judge_dates: How many dates judge, where the split is by time.
        calls: How many people support can call on one date.
        save_share: Of the leavers who are called, so many are taken to stay.
        most_rows: About so many rows are fitted at most: all leavers, at least as many stayers.
        most_later_rows: About so many rows calibrate at most, and as many judge.
        monotone: Hold the trees to it that more of what surely never lowers a risk (features that
            say ``rises``) does not.
        booster: How the trees grow.
        cause_booster: How those grow that tell leavers by payment from the others, where they grow
            otherwise: they see leavers alone.
        tuned: Whether the trees grow as tuned, and if not, why not, in words; of no use where
            nothing was tuned.
    """

    churn: Literal["contract", "silence"] = "contract"
    lead_days: int = 0
    horizon_days: int = 30
    grace_days: int = 30
    expansion_days: int = 60
    contacted: Literal["left_out", "features"] = "left_out"
    split: Literal["time", "subscribers"] = "time"
    calibrate_dates: int = 2
    judge_dates: int = 2
    calls: int = 100
    save_share: float = 0.2
    most_rows: int = 2_000_000
    most_later_rows: int = 500_000
    monotone: bool = False
    booster: BoosterParams = field(default_factory=BoosterParams)
    cause_booster: BoosterParams | None = None
    tuned: str | None = None

    @property
    def gap_days(self) -> int:
        """Days after ``as_of`` until the outcome is known."""
        grace = self.grace_days if self.churn == "contract" else 0
        return self.lead_days + self.horizon_days + grace
