"""Settings: one typed class, from ``<home>/perdura.toml`` and ``PERDURA_*``."""

import os
from pathlib import Path
from typing import Any, Literal, TypedDict

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from risk.ranking import DEFAULT_BANDS

FILE = "perdura.toml"


class Business(TypedDict):
    """How a business loses people."""

    churn: Literal["contract", "silence"]
    active_within_days: int


class Settings(BaseSettings):
    """What a business may set. The environment wins over the file, the file over these defaults.

    Attributes:
        home: Where everything is kept; ``PERDURA_HOME``, else the folder one is in.
        mapping: The mapping file that the nightly flow extracts by; none: extract by hand.
        churn: ``contract``: subscriptions are cancelled. ``silence``: people just stop buying.
        lead_days: Days between ``as_of`` and the first day whose leavers count.
        horizon_days: Days in which somebody leaves, or does not.
        grace_days: Days within which a leaver who comes back has not left.
        active_within_days: With ``silence``, who paid in so many days is active.
        split: Judge on later dates (``time``), or on other people (``subscribers``) where the
            history is too short for that.
        history_months: Month starts to learn from, at most.
        calls: How many people support can call on one day.
        language: Of reasons and actions.
        timezone: In which the schedule's times are meant.
        stale_after_days: A source whose newest event is older marks the night as degraded.
        high: From this risk the band is high.
        medium: From this risk the band is medium.
        actions: An action table of one's own.
        seed: Decides every random draw in training.
        threads: To fit with; 0 is one per core.
    """

    model_config = SettingsConfigDict(env_prefix="PERDURA_", extra="forbid")

    home: Path = Path()
    mapping: Path | None = None
    churn: Literal["contract", "silence"] = "contract"
    lead_days: int = Field(default=0, ge=0)
    horizon_days: int = Field(default=30, ge=1)
    grace_days: int = Field(default=30, ge=0)
    active_within_days: int = Field(default=365, ge=1)
    split: Literal["time", "subscribers"] = "time"
    history_months: int = Field(default=36, ge=1)
    calls: int = Field(default=100, ge=1)
    language: Literal["en", "es"] = "en"
    timezone: str = "UTC"
    stale_after_days: int = Field(default=7, ge=1)
    high: float = Field(default=DEFAULT_BANDS.high, gt=0, lt=1)
    medium: float = Field(default=DEFAULT_BANDS.medium, gt=0, lt=1)
    actions: Path | None = None
    seed: int = 0
    threads: int = Field(default=0, ge=0)

    @classmethod
    def at(cls, home: Path | None = None) -> "Settings":
        """The settings of a home; of the one that ``PERDURA_HOME`` names, if none is given."""
        return cls() if home is None else cls(home=home)

    @property
    def landing(self) -> Path:
        """Where extracted events lie."""
        return self.home / "data" / "landing"

    @property
    def risk_url(self) -> str:
        """The risk table, as SQLAlchemy names it."""
        return f"sqlite:///{self.home.absolute() / 'data' / 'risk.db'}"

    @property
    def business(self) -> Business:
        """How the business loses people, as the states are told it."""
        return {"churn": self.churn, "active_within_days": self.active_within_days}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is passed, then the environment, then the file of the home."""
        home = Path(init_settings().get("home") or os.environ.get("PERDURA_HOME") or ".")
        file = TomlConfigSettingsSource(settings_cls, toml_file=home / FILE)
        return init_settings, env_settings, file


def keep(settings: Settings, mapping: Path, told: dict[str, Any]) -> Path | None:
    """The settings file written from a mapping's ``[settings]``, where the home has none yet.

    So the next commands know what kind of business this is, and the night which sources to ask.
    A file that is there is its owner's, and stays as it is: ``None``.
    """
    file = settings.home / FILE
    if file.exists():
        return None
    Settings(home=settings.home, **told)  # says what is wrong before anything is written
    lines = ["# Written by the first extract from its mapping; yours to change."]
    lines += [f"mapping = {_toml(str(mapping.absolute()))}"]
    lines += [f"{name} = {_toml(value)}" for name, value in told.items()]
    settings.home.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _toml(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'
    return str(value)
