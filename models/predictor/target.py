"""What a model predicts: which kind of churn, and within which days."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Protocol, Self


class Predicts(Protocol):
    """A model, parameters or settings: each names the question that it answers or poses."""

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
        """Days within which a churn may be undone."""
        ...


#: The setting that decides each part of a question, as it is written in ``perdura.toml``.
SETTINGS = {
    "churn": "churn.rule",
    "lead_days": "churn.lead_days",
    "horizon_days": "churn.horizon_days",
    "grace_days": "churn.grace_days",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model predicts; the risks of two models are compared only where it is the same.

    Attributes:
        churn: ``contract`` or ``silence``.
        lead_days: Days between ``as_of`` and the window.
        horizon_days: Length of the window.
        grace_days: Days within which a churn may be undone; always 0 where churn is silence.
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
    def parsed(cls, params: Mapping[str, str]) -> Self:
        """The question in the parameters of a run, texts by name.

        Raises:
            KeyError, ValueError: They do not name one.
        """
        days = {name: int(params[name]) for name in ("lead_days", "horizon_days", "grace_days")}
        churn = params["churn"]
        return cls(churn=churn, **days | ({"grace_days": 0} if churn == "silence" else {}))

    @property
    def words(self) -> str:
        """In words, e.g. ``churn contract, lead_days 0, horizon_days 60, grace_days 30``."""
        return ", ".join(f"{field.name} {getattr(self, field.name)}" for field in fields(self))

    @property
    def model_name(self) -> str:
        """Name of its own registered model, e.g. ``churn-contract-lead0-horizon60-grace30``."""
        return (
            f"churn-{self.churn}-lead{self.lead_days}-horizon{self.horizon_days}"
            f"-grace{self.grace_days}"
        )

    def differences(self, other: "Question") -> str:
        """The differences by setting, e.g. ``churn.horizon_days 60, not 30``; may be empty."""
        return ", ".join(
            f"{SETTINGS[field.name]} {getattr(self, field.name)}, not {getattr(other, field.name)}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        )
