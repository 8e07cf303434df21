"""Settings: one typed class, from ``<home>/perdura.toml`` and ``PERDURA_*``."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import AfterValidator, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from perdura.flows.configuration.environment import settings_in, variable_of
from perdura.flows.configuration.groups import (
    ChurnSettings,
    ComputeSettings,
    IntegrationSettings,
    RiskTableSettings,
    ScheduleSettings,
    ServerSettings,
    SupportSettings,
    TrainingSettings,
    ValueSettings,
)
from perdura.flows.configuration.home_file import in_file, settings_of_file
from perdura.flows.configuration.night_calendar import NightCalendar
from perdura.flows.configuration.setting_names import (
    GROUPS,
    NAMES,
    RENAMED,
    by_name,
    in_groups,
    nearest,
)
from perdura.models.registry.store_paths import SETTINGS_FILE

if TYPE_CHECKING:
    from perdura.sources.landing.landing import Landing

FILE = SETTINGS_FILE
#: Folder of the company that `perdura demo` simulates in a home.
COMPANY = Path("data") / "company"


class Settings(BaseSettings):
    """What a business may set. The environment wins over the file, the file over the defaults.

    Attributes:
        home: Where everything is kept; ``PERDURA_HOME``, else the folder one is in.
        mapping: The mapping file that the nightly flow extracts by; none: extract by hand.
        language: Of reasons and actions.
        churn: What counts as leaving.
        training: Which rows a model learns from, and how it is tested.
        value: What a subscriber is worth.
        risk_table: Where risks are published, and how they are shown.
        support: What support can do about a risk.
        schedule: When nights run, and from when on they are late.
        integrations: What other tools are sent.
        server: The API and the pages.
        compute: The machines that do the work.
    """

    model_config = SettingsConfigDict(extra="forbid", hide_input_in_errors=True)

    home: Annotated[Path, AfterValidator(Path.expanduser)] = Path()
    mapping: Path | None = None
    language: Literal["en", "es"] = "en"
    churn: ChurnSettings = ChurnSettings()
    training: TrainingSettings = TrainingSettings()
    value: ValueSettings = ValueSettings()
    risk_table: RiskTableSettings = RiskTableSettings()
    support: SupportSettings = SupportSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    integrations: IntegrationSettings = IntegrationSettings()
    server: ServerSettings = ServerSettings()
    compute: ComputeSettings = ComputeSettings()

    @classmethod
    def at(cls, home: Path | None = None) -> "Settings":
        """The settings of a home; of the one that ``PERDURA_HOME`` names, if none is given."""
        return cls() if home is None else cls(home=home)

    @property
    def risk_url(self) -> str:
        """Where the risk table is: as set, else a SQLite file of the home."""
        return self.risk_table.url or f"sqlite:///{self.home.absolute() / 'data' / 'risk.db'}"

    @property
    def is_demonstration(self) -> bool:
        """Whether the home is of the company that ``perdura demo`` simulates."""
        company = self.home / COMPANY / "mapping.toml"
        return self.mapping is not None and self.mapping.resolve() == company.resolve()

    @property
    def files(self) -> dict[str, Path | None]:
        """The files that a night reads, by the name of the setting."""
        return {
            "mapping": self.mapping,
            "support.actions": self.support.actions,
            "value.exchange_rates": self.value.exchange_rates,
        }

    @property
    def landing_folder(self) -> Path:
        """The folder of extracted events."""
        return self.home / "data" / "landing"

    @property
    def landing(self) -> "Landing":
        """The extracted events."""
        from perdura.sources.landing.landing import Landing  # a server does without Polars

        return Landing(self.landing_folder)

    @property
    def nights(self) -> NightCalendar:
        """When each night is due, and what it knows."""
        return self.schedule.nights

    @property
    def tuned(self) -> Path:
        """The tuned parameters of the trees, where tuning found some."""
        return self.home / "data" / "tuned.json"

    @property
    def studies(self) -> Path:
        """What tuning has tried, so that a stop loses nothing: SQLite."""
        return self.home / "data" / "tuning.db"

    @model_validator(mode="before")
    @classmethod
    def _in_groups(cls, given: Any) -> Any:
        """Flat names of 0.1, where neither file nor environment were read."""
        if not isinstance(given, dict):
            return given
        return in_groups(by_name(cast("dict[str, Any]", given)), "Settings")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The arguments, then the environment, then the file of the home.

        Raises:
            UnknownVariable: The environment has a ``PERDURA_*`` that is no setting.
            BadSettingsFile: The file cannot be read.
            PasswordInFile: It holds a password.
            SetTwice: A setting is given by its old and by its new name, with different values.
        """
        arguments = in_groups(by_name(init_settings()), "Settings")
        environment = settings_in(os.environ)
        home = Path(arguments.get("home") or environment.get("home") or ".").expanduser()
        places = (arguments, environment, settings_of_file(home / FILE))
        return tuple(InitSettingsSource(settings_cls, values) for values in places)


class HomeInUse(ValueError):
    """The home holds another business's data. Nothing was done."""


class BadMappingSettings(ValueError):
    """The section ``[settings]`` of a mapping cannot be kept. Nothing was done."""


def keep(settings: Settings, mapping: Path, values: Mapping[str, Any]) -> Path | None:
    """The settings file written from a mapping's ``[settings]``, where the home has none yet.

    So the next commands know what kind of business this is, and the night which sources to ask.
    A file that is there is its owner's, and stays as it is: ``None``.

    Raises:
        HomeInUse: The file names another mapping.
        BadMappingSettings: Says which setting is wrong.
    """
    refuse_other_mapping(settings, mapping)
    file = settings.home / FILE
    if file.exists():
        return None
    grouped = in_groups(by_name(values), f"[settings] of {mapping}")
    _refuse_bad(grouped, mapping, settings.home)  # before anything is written
    top = {name: value for name, value in grouped.items() if name not in {*GROUPS, "home"}}
    lines = ["# Written by the first extract from its mapping; yours to change."]
    lines += _assignments({"mapping": in_file(mapping, settings.home), **top})
    for group in (name for name in GROUPS if name in grouped):
        lines += ["", f"[{group}]", *_assignments(grouped[group])]
    settings.home.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def refuse_bad_settings(settings: Settings, mapping: Path, values: Mapping[str, Any]) -> None:
    """Nothing, if a mapping's ``[settings]`` can be kept by a home, or the home has its own.

    Raises:
        BadMappingSettings: Says which setting is wrong.
    """
    if not (settings.home / FILE).exists():
        grouped = in_groups(by_name(values), f"[settings] of {mapping}")
        _refuse_bad(grouped, mapping, settings.home)


def _refuse_bad(grouped: Mapping[str, Any], mapping: Path, home: Path) -> None:
    try:
        Settings.model_validate({**grouped, "home": home})
    except ValidationError as error:
        raise BadMappingSettings(mistakes(error, f"[settings] of {mapping}")) from error


def refuse_other_mapping(settings: Settings, mapping: Path) -> None:
    """Nothing, if the home belongs to the mapping, or to none yet.

    Raises:
        HomeInUse: It belongs to another.
    """
    if settings.mapping and settings.mapping.resolve() != mapping.resolve():
        file = (settings.home / FILE).absolute()
        raise HomeInUse(
            f"{file} says that this home belongs to {settings.mapping}, and {mapping} "
            "would be mixed into it. Set PERDURA_HOME to an empty folder, or, if the mapping has "
            "only moved, write where to into that file"
        )


def _assignments(values: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {_toml(value)}" for name, value in values.items()]


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, cast('list[object]', value)))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # a TOML basic string is written alike
    return str(value)


def mistakes(error: Exception, place: str | None = None) -> str:
    """What is wrong with the settings, one sentence for each, with the closest name there is.

    Args:
        error: Of their validation.
        place: What gives them; by default the home's file or the environment.
    """
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        _mistake([str(part) for part in found["loc"]], found["msg"], place)
        for found in error.errors()
        if found["loc"]
    )


def _mistake(path: list[str], message: str, place: str | None) -> str:
    name = ".".join(path[: 2 if path[0] in GROUPS else 1])
    before = next((f"; formerly {old}" for old, new in RENAMED.items() if new == name), "")
    what, hint = message.removeprefix("Value error, "), ""
    if what == "Extra inputs are not permitted":
        what = "there is no such setting"
    if name in GROUPS and what == message:  # not a sentence of ours about its keys together
        what = f"is a group of settings; write [{name}], and its settings below"
    elif name not in NAMES and name not in GROUPS and (near := nearest(name)):
        hint = f"; did you mean {near}?"
    known_place = place or f"{FILE}, or {variable_of(name)}{before}"
    return f"setting {name} (in {known_place}): {what}{hint}"
