"""Every parameter that changes a fitted model. Logged with each training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class BoosterParams:
    """How LightGBM grows its trees.

    Attributes:
        learning_rate: How much each tree adds.
        rounds: Most trees.
        patience: Stop after this many trees without improvement on the later rows.
        max_depth: Most splits on a path: up to this depth, SHAP values are read from tables.
        num_leaves: Most leaves of a tree.
        min_data_in_leaf: Fewest rows in a leaf.
        feature_fraction: Share of the columns that each tree may use.
        lambda_l2: How strongly leaves are shrunk towards zero.
        rising: Columns with a monotone constraint: a larger value never lowers the prediction.
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

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The parameters that a recipe holds as plain values."""
        values: dict[str, Any] = {**stored, "rising": tuple(stored["rising"])}
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParams:
    """What is predicted, on which rows it is fitted and evaluated, and how the trees grow.

    Attributes:
        churn: ``contract``: the subscriber gives up the subscription. ``silence``: pays nothing.
        lead_days: Days between ``as_of`` and the window.
        horizon_days: Length of the window, ``[as_of + lead, as_of + lead + horizon)``.
        grace_days: Days within which a churn may be undone; unused where churn is silence.
        expansion_days: Length of the window of expansion, which begins after the lead.
        contacted: Rows of subscribers that support contacted in time to change the outcome are
            ``left_out``; or they are fitted like the others, beside ``features`` of the contacts.
        split: By ``time``, or by ``subscribers`` where the history is too short for that.
        calibrate_dates: Number of dates that calibrate, where the split is by time.
        judge_dates: Number of dates of the test set, where the split is by time.
        calls: Number of subscribers that support can call on one date.
        save_share: Assumed share of the called churners that stays.
        most_rows: About the most rows to fit: all churners, at least as many non-churners.
        most_later_rows: About the most rows to calibrate on, and to evaluate on.
        monotone: Constrain the trees: a larger value of a feature that says ``rises`` never lowers
            the risk.
        booster: How the trees grow.
        cause_booster: How the trees that separate the causes grow, where they grow otherwise; they
            are fitted on churners only.
        tuned: Whether the trees grow as tuned, and if not, why not, in words; ``None``: no
            parameters were tuned.
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
