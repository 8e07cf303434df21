"""What a model predicts: which leaving counts, and within which days."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Protocol, Self


class Predicts(Protocol):
    """What says which question it answers, or asks: a model, parameters, settings."""

    @property
    def churn(self) -> str:
        """``contract`` or ``silence``."""
        ...

    @property
    def lead_days(self) -> int:
        """Days between ``as_of`` and the window."""
        ...

    @property
    def horizon_days(self) -> int:
        """Length of the window."""
        ...

    @property
    def grace_days(self) -> int:
        """How long a leaving may be undone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model predicts; the risks of two models are compared only where it is the same.

    Attributes:
        churn: ``contract`` or ``silence``.
        lead_days: Days between ``as_of`` and the window.
        horizon_days: Length of the window.
        grace_days: How long a leaving may be undone; 0 where churn is silence, which knows no
            undoing.
    """

    churn: str
    lead_days: int
    horizon_days: int
    grace_days: int

    @classmethod
    def of(cls, source: Predicts) -> Self:
        """The question of a model, of parameters or of settings."""
        return cls(
            churn=source.churn,
            lead_days=source.lead_days,
            horizon_days=source.horizon_days,
            grace_days=0 if source.churn == "silence" else source.grace_days,
        )

    @classmethod
    def parsed(cls, told: Mapping[str, str]) -> Self:
        """The question that texts by name tell, as of a run's parameters.

        Raises:
            KeyError, ValueError: They do not tell it.
        """
        days = {name: int(told[name]) for name in ("lead_days", "horizon_days", "grace_days")}
        churn = told["churn"]
        return cls(churn=churn, **days | ({"grace_days": 0} if churn == "silence" else {}))

    @property
    def words(self) -> str:
        """It in words, e.g. ``churn contract, lead_days 0, horizon_days 60, grace_days 30``."""
        return ", ".join(f"{field.name} {getattr(self, field.name)}" for field in fields(self))

    @property
    def model_name(self) -> str:
        """Of a registered model of its own, e.g. ``churn-contract-lead0-horizon60-grace30``."""
        return (
            f"churn-{self.churn}-lead{self.lead_days}-horizon{self.horizon_days}"
            f"-grace{self.grace_days}"
        )

    def differences(self, other: "Question") -> str:
        """Where it differs from another one, e.g. ``horizon_days 60, not 30``; empty: nowhere."""
        return ", ".join(
            f"{field.name} {getattr(self, field.name)}, not {getattr(other, field.name)}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        )
