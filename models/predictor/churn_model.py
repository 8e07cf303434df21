"""The churn model: what turns feature rows into risks, saved as readable text."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Booster, mean_score
from perdura.models.boosting.learner import LEARNER
from perdura.models.boosting.recipe import Recipe
from perdura.models.boosting.tree_text import NAN, read_trees
from perdura.models.predictor.calibration import Calibration, from_json
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.predictor.expansion import ExpansionModel
from perdura.models.predictor.survival import SurvivalModel, survival
from perdura.models.predictor.typical_values import EncodedTypical, TypicalValues
from perdura.sources.counted import counted

BOOSTER_FILE = "booster.txt"
CAUSE_FILE = "cause_booster.txt"
CONTRACT_FILE = "contract.json"

#: Name of the model's folder among the artifacts of a registered version.
SERVED_FOLDER = "churn_model"


class NoMonths(LookupError):
    """The model has no survival model."""


@dataclass(frozen=True, kw_only=True)
class ChurnModel:
    """A fitted and calibrated model.

    Attributes:
        booster_text: LightGBM's text of the trees that give the log-odds of churn.
        calibration: From those log-odds to the risk.
        cause_text: LightGBM's text of the trees that give a churner's log-odds of churn by
            payment; ``None`` where there were too few.
        cause_calibration: From those log-odds to a share.
        payment_share: Share of churners that left by payment, used without such trees.
        contract: The columns it reads.
        churn: ``contract`` or ``silence``.
        lead_days: As in ``TrainingParams``.
        horizon_days: As in ``TrainingParams``.
        grace_days: As in ``TrainingParams``.
        unstable: Signals that its reasons do not name, of versions without ``typical``.
        months: The survival model; ``None`` where too few later months were known.
        fitted_until: Nothing that happened from this moment on was used to fit or calibrate.
        evidence_fitted_until: The same of the evidence model, before it was fitted again on every
            row with a known outcome.
        recipe: How its trees were grown; ``None`` in models that older versions saved.
        expansion: The expansion model; ``None`` where it was not good enough.
        typical: Typical values of comparable subscribers, by which reasons are checked; ``None``
            in models that older versions saved.
    """

    booster_text: str
    calibration: Calibration
    cause_text: str | None
    cause_calibration: Calibration
    payment_share: float
    contract: ColumnContract
    churn: str
    lead_days: int
    horizon_days: int
    grace_days: int
    fitted_until: datetime
    evidence_fitted_until: datetime
    recipe: Recipe | None = None
    unstable: tuple[str, ...] = ()
    months: SurvivalModel | None = None
    expansion: ExpansionModel | None = None
    typical: TypicalValues | None = None

    @cached_property
    def booster(self) -> Booster:
        """The trees that give the log-odds of churn."""
        return LEARNER.from_text(self.booster_text)

    @cached_property
    def base(self) -> float:
        """The mean score of the training rows: attributions add up from there."""
        return mean_score(self.booster)

    @cached_property
    def cause_booster(self) -> Booster | None:
        """The trees that give a churner's log-odds of churn by payment."""
        return None if self.cause_text is None else LEARNER.from_text(self.cause_text)

    @cached_property
    def encoded_typical(self) -> EncodedTypical | None:
        """The typical values, encoded by the contract."""
        return None if self.typical is None else self.typical.encode(self.contract)

    @property
    def knows_until(self) -> datetime:
        """Nothing that happened from this moment on was used for any part of it."""
        return max(part.fitted_until for part in (self, self.expansion) if part is not None)

    def predict(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The probability that each row's subscriber leaves within the horizon.

        A text that the model has never seen is read as an unknown one.

        Args:
            frame: The columns of the contract, in any order, beside ``subscriber_id`` and
                ``as_of`` or without.

        Returns:
            One row per row, in order: ``risk`` in (0, 1), and its two parts ``risk_voluntary``
            and ``risk_payment``, which add up to it.

        Raises:
            ColumnMismatch: A column is missing, is not known, or has text for numbers.
        """
        return self.predict_encoded(self.contract.encode(frame))

    def survival(self, frame: pl.DataFrame) -> np.ndarray:
        """The probability that each row's subscriber is still there at the end of each month.

        Args:
            frame: As for ``predict``.

        Returns:
            One row per row, one column per month, 1 to 12, never rising; the first is one less
            the risk.

        Raises:
            ColumnMismatch: As ``predict``.
            NoMonths: It has no survival model.
        """
        if self.months is None:
            raise NoMonths(
                "asked how long people stay; this model knows only of the first "
                f"{counted(self.horizon_days, 'day')}. It learns more where churn.rule is "
                "'contract', churn.lead_days 0 and churn.horizon_days a month, from a history that "
                "is long enough"
            )
        matrix = self.contract.encode(frame)
        risk = self.calibration.apply(LEARNER.raw_scores(self.booster, matrix))
        return survival(risk, self.months.hazards(matrix, risk))

    def predict_encoded(self, matrix: np.ndarray) -> pl.DataFrame:
        """As ``predict``, for columns that the contract has encoded."""
        if not len(matrix):
            return pl.DataFrame(schema=dict.fromkeys(RISKS, pl.Float64))
        booster = self.cause_booster
        cause = None if booster is None else LEARNER.raw_scores(booster, matrix)
        return self.risks(LEARNER.raw_scores(self.booster, matrix), cause)

    def risks(self, score: np.ndarray, cause_score: np.ndarray | None) -> pl.DataFrame:
        """As ``predict``, of the log-odds that the trees of leaving and of the cause gave."""
        risk = self.calibration.apply(score)
        by_cause = cause_score is not None
        share = self.cause_calibration.apply(cause_score) if by_cause else self.payment_share
        by_payment = risk * share
        return pl.DataFrame(dict(zip(RISKS, (risk, risk - by_payment, by_payment), strict=True)))

    def save(self, folder: Path) -> None:
        """Write the model into ``folder`` as text and JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / BOOSTER_FILE).write_text(self.booster_text, encoding="utf-8")
        if self.cause_text is not None:
            (folder / CAUSE_FILE).write_text(self.cause_text, encoding="utf-8")
        if self.months is not None:
            self.months.save(folder)
        if self.expansion is not None:
            self.expansion.save(folder)
        if self.typical is not None:
            self.typical.save(folder)
        text = json.dumps(self._settings(), indent=1, ensure_ascii=False)
        (folder / CONTRACT_FILE).write_text(text, encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> "ChurnModel":
        """The model that ``save`` wrote into ``folder``."""
        stored = json.loads((folder / CONTRACT_FILE).read_text(encoding="utf-8"))
        cause, fitted_until = folder / CAUSE_FILE, stored.pop("fitted_until")
        evidence = stored.pop("evidence_fitted_until", fitted_until)
        booster = (folder / BOOSTER_FILE).read_text(encoding="utf-8")
        return ChurnModel(
            booster_text=booster,
            cause_text=cause.read_text(encoding="utf-8") if stored.pop("tells_causes") else None,
            calibration=from_json(stored.pop("calibration")),
            cause_calibration=from_json(stored.pop("cause_calibration")),
            contract=_contract(stored.pop("columns"), booster),
            fitted_until=datetime.fromisoformat(fitted_until),
            evidence_fitted_until=datetime.fromisoformat(evidence),
            recipe=Recipe.from_json(stored.pop("recipe", None)),
            unstable=tuple(stored.pop("unstable")),
            months=SurvivalModel.load(folder),
            expansion=ExpansionModel.load(folder),
            typical=TypicalValues.load(folder),
            **stored,
        )

    def _settings(self) -> dict[str, object]:
        return {
            "churn": self.churn,
            "lead_days": self.lead_days,
            "horizon_days": self.horizon_days,
            "grace_days": self.grace_days,
            "fitted_until": self.fitted_until.isoformat(),
            "evidence_fitted_until": self.evidence_fitted_until.isoformat(),
            "recipe": self.recipe and self.recipe.to_json(),
            "calibration": self.calibration.to_json(),
            "tells_causes": self.cause_text is not None,
            "cause_calibration": self.cause_calibration.to_json(),
            "payment_share": self.payment_share,
            "unstable": list(self.unstable),
            "columns": self.contract.to_json(),
        }


def _contract(stored: list[dict[str, Any]], booster: str) -> ColumnContract:
    """The stored contract; older versions do not store how an unknown text is read.

    There it is NaN where the trees have learnt missing values, else the text of middle rank.
    """
    contract = ColumnContract.from_json(stored)
    if all("unknown" in column for column in stored):
        return contract
    learnt = {
        int(index) for tree in read_trees(booster) for index in tree.feature[tree.missing == NAN]
    }
    return ColumnContract(
        tuple(
            replace(column, unknown=float(len(column.categories) // 2))
            if column.categories and index not in learnt
            else column
            for index, column in enumerate(contract.columns)
        )
    )


#: The columns of a prediction.
RISKS = ("risk", "risk_voluntary", "risk_payment")
