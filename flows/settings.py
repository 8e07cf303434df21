"""Settings: one typed class, from ``<home>/perdura.toml`` and ``PERDURA_*``."""

import json
import os
import re
import tomllib
from datetime import time
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, ValidationError, field_serializer
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from perdura.flows.configuration.environment import PREFIX, refuse_unknown
from perdura.flows.configuration.home_file import HomeFile, in_file
from perdura.flows.configuration.night_calendar import NightCalendar
from perdura.flows.configuration.setting_values import (
    Address,
    Currency,
    Listed,
    Origin,
    Scheduler,
    StoreUrl,
)
from perdura.models.registry.store_paths import SETTINGS_FILE
from perdura.models.scoring.thresholds import DEFAULT_THRESHOLDS
from perdura.risk.publish.ranking import DEFAULT_BANDS
from perdura.risk.schema.tables import INDEXED_RANKS
from perdura.risk.store.urls import shown

if TYPE_CHECKING:
    from perdura.sources.landing.landing import Landing

FILE = SETTINGS_FILE


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no time zone {name!r}; write for example 'Europe/Madrid'")
    return name


def _whole_minute(hour: time) -> time:
    if hour.tzinfo or hour.second or hour.microsecond:
        raise ValueError(f"{hour} has seconds or a zone; write for example '02:00' (see timezone)")
    return hour


def _file_of_the_home(told: dict[str, Any]) -> str:
    """The risk table of a home, where no other is set."""
    return f"sqlite:///{told['home'].absolute() / 'data' / 'risk.db'}"


class Settings(BaseSettings):
    """What a business may set. The environment wins over the file, the file over these defaults.

    Attributes:
        home: Where everything is kept; ``PERDURA_HOME``, else the folder one is in.
        risk_url: Where the risk table is: by default SQLite, in ``data/risk.db`` of the home;
            ``postgresql://USER:PASSWORD@HOST/DATABASE``, with a password in ``PERDURA_RISK_URL``
            alone.
        keep_nights_months: Nights of so many months stay in the risk table, that of the newest
            among them; by default all do.
        mapping: The mapping file that the nightly flow extracts by; none: extract by hand.
        churn: ``contract``: subscriptions are cancelled. ``silence``: people just stop buying.
        lead_days: Days between ``as_of`` and the first day whose leavers count.
        horizon_days: Days in which somebody leaves, or does not.
        grace_days: Days within which a leaver who comes back has not left.
        contacted: Of people whom support contacted in time to change what became of them, nothing
            is learnt (``left_out``), so that those it saved do not teach that trouble is harmless;
            or as much as of others, beside ``features`` of what support did until then.
        hold_out: So large a share of everybody is left alone, by a lot that is drawn anew each
            quarter, so that ``perdura effect`` can say what contact does; 0: nobody is.
        recent_ranks: Of so many of the riskiest the risk table tells what happened lately; 0: of
            nobody.
        active_within_days: With ``silence``, who paid in so many days is active.
        split: Judge on later dates (``time``), or on other people (``subscribers``) where the
            history is too short for that.
        history_months: Months of history to learn from, at most.
        step_days: Days between the dates that are learnt from; by default they are month starts.
            Where bills fall on the same day for all, month starts see only one part of the
            cycle and nights see all of it: 27 days wander through it.
        earlier_dates: At so many of the newest dates the model is made anew, as it would have been
            made then, to see whether it holds over time; 0: at none.
        cut_days: The model is asked about its judged rows as they were so many days before, too: if
            it ranks no more then, it may know of leaving that has begun; 0: it is not.
        calls: How many people support can call on one day.
        save_share: Of the leavers whom support calls, so many are taken to stay; tells what calls
            are worth, and changes no risk.
        margin: Of what subscribers pay, so much is left after the cost of serving them.
        discount_rate: A year: money that comes a year later is worth so much less.
        cltv_months: So far ahead customer lifetime value is counted.
        reporting_currency: Into which CLTV and what of it may be lost are turned, e.g. ``"EUR"``;
            by default each subscriber's stay in the currency that they pay in.
        exchange_rates: CSV file for it: ``date``, ``currency``, ``rate`` (units of the reporting
            currency for one). Of each currency the newest rate before the night counts.
        language: Of reasons and actions.
        attributes: The attributes of subscribers (table ``subscribers``) that are learnt from;
            where absent, all with 2 to 100 values but ``account``; ``[]`` is none.
        never_named: Signals or columns that are never given as a reason, e.g. ``["country"]``.
        timezone: In which the schedule's times are meant.
        night_at: The hour at which the schedule scores each night, e.g. ``"02:00"``.
        make_up_nights: The schedule makes up at most this many missed nights, the newest; older
            ones are skipped, and it says so.
        overdue_minutes: A scheduled run that has not appeared this long after it was due makes
            ``perdura schedule --health`` fail.
        stale_after_days: A source whose newest event is older marks the night as degraded.
        high: From this risk the band is high.
        medium: From this risk the band is medium.
        band_stays: Whoever was in a band the night before stays in it until the risk is less than
            so much of where it begins; 1: bands go by the risk alone.
        offer_from: From this probability that somebody pays more by choice within 60 days, support
            is advised to offer it; never to anybody in trouble.
        actions: An action table of one's own.
        monotone: Hold the model to it that more failed payments, or unpaid invoices, never lower a
            risk.
        webhooks: URLs that are told of moves into the high band, signed with the secret in the
            environment (``PERDURA_WEBHOOK_SECRET``), which is never written into the settings.
        webhook_attempts: After so many a delivery is given up, and can be replayed: 8 are a day.
        push: Help desks that the schedule tells every hour, e.g. ``["zendesk"]``; by default none.
        zendesk_url: The account, e.g. ``https://acme.zendesk.com``, for ``perdura push zendesk``.
        intercom_url: Where its API is; of workspaces in Europe ``https://api.eu.intercom.io``.
        push_band: Field over there that gets the band; none where empty, as of the next two.
        push_reasons: Field over there that gets the reasons in words.
        push_action: Field over there that gets what to do, in words.
        push_calls_per_minute: A push makes so many calls at most, to leave some for others.
        seed: Decides every random draw in training.
        threads: To fit with; 0 is one per core.
        cluster: Where parts of the work go: ``local``, workers on this machine, or the address of
            a Dask scheduler, e.g. ``tcp://10.0.0.5:8786``, whose workers see the home; by default
            they are done here, one after the other, each on all cores.
        workers: How many workers the cluster has, or is to have.
        requests_per_second: So many requests a token may make of the API each second, over time.
        cors_origins: Pages elsewhere whose scripts may ask the API; by default none.
        public_url: The address that people use, where a proxy stands before ``perdura serve``,
            with the path it serves below, e.g. ``https://support.example.com/perdura``.
    """

    # What was given is in no error: it may be a password.
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", hide_input_in_errors=True)

    home: Annotated[Path, AfterValidator(Path.expanduser)] = Path()
    risk_url: StoreUrl = Field(default_factory=_file_of_the_home, repr=False)
    keep_nights_months: int | None = Field(default=None, ge=1)
    mapping: Path | None = None
    churn: Literal["contract", "silence"] = "contract"
    lead_days: int = Field(default=0, ge=0)
    horizon_days: int = Field(default=30, ge=1)
    grace_days: int = Field(default=30, ge=0)
    contacted: Literal["left_out", "features"] = "left_out"
    hold_out: float = Field(default=0.0, ge=0, le=0.5)
    recent_ranks: int = Field(default=10_000, ge=0, le=INDEXED_RANKS)
    active_within_days: int = Field(default=365, ge=1)
    split: Literal["time", "subscribers"] = "time"
    history_months: int = Field(default=36, ge=1)
    step_days: int | None = Field(default=None, ge=1)
    earlier_dates: int = Field(default=4, ge=0)
    cut_days: int = Field(default=7, ge=0)
    calls: int = Field(default=100, ge=1)
    save_share: float = Field(default=0.2, ge=0, le=1)
    margin: float = Field(default=0.8, gt=0, le=1)
    discount_rate: float = Field(default=0.1, ge=0)
    cltv_months: int = Field(default=36, ge=2)
    reporting_currency: Currency | None = None
    exchange_rates: Path | None = None
    language: Literal["en", "es"] = "en"
    never_named: Annotated[tuple[str, ...], *Listed] = ()
    attributes: Annotated[tuple[str, ...] | None, *Listed] = None
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    night_at: Annotated[time, AfterValidator(_whole_minute)] = time(2)
    make_up_nights: int = Field(default=7, ge=0)
    overdue_minutes: float = Field(default=3.0, gt=0, le=5)
    stale_after_days: int = Field(default=7, ge=1)
    high: float = Field(default=DEFAULT_BANDS.high, gt=0, lt=1)
    medium: float = Field(default=DEFAULT_BANDS.medium, gt=0, lt=1)
    band_stays: float = Field(default=DEFAULT_BANDS.stays, gt=0, le=1)
    offer_from: float = Field(default=DEFAULT_THRESHOLDS.offer_from, gt=0, lt=1)
    actions: Path | None = None
    monotone: bool = False
    webhooks: Annotated[tuple[Address, ...], *Listed] = ()
    webhook_attempts: int = Field(default=8, ge=1)
    push: Annotated[tuple[Literal["zendesk", "intercom"], ...], *Listed] = ()
    zendesk_url: Address | None = None
    intercom_url: Address = "https://api.intercom.io"
    push_band: str = "perdura_risk_band"
    push_reasons: str = "perdura_risk_reasons"
    push_action: str = "perdura_risk_action"
    push_calls_per_minute: int = Field(default=150, ge=1)
    seed: int = 0
    threads: int = Field(default=0, ge=0)
    cluster: Scheduler | None = None
    workers: int = Field(default=2, ge=1)
    requests_per_second: float = Field(default=50, gt=0)
    cors_origins: Annotated[tuple[Origin, ...], *Listed] = ()
    public_url: Address | None = None

    @classmethod
    def at(cls, home: Path | None = None) -> "Settings":
        """The settings of a home; of the one that ``PERDURA_HOME`` names, if none is given."""
        return cls() if home is None else cls(home=home)

    @field_serializer("risk_url")
    def _without_password(self, url: str) -> str:
        """As Prefect writes it down among the parameters of a run."""
        return shown(url)

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
        return NightCalendar(self.night_at, self.timezone)

    @property
    def tuned(self) -> Path:
        """The tuned parameters of the trees, where tuning found some."""
        return self.home / "data" / "tuned.json"

    @property
    def studies(self) -> Path:
        """What tuning has tried, so that a stop loses nothing: SQLite."""
        return self.home / "data" / "tuning.db"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is passed, then the environment, then the file of the home.

        Raises:
            UnknownVariable: The environment has a ``PERDURA_*`` that is no setting.
            BadSettingsFile: The file cannot be read.
            PasswordInFile: It holds a password.
        """
        refuse_unknown(os.environ, settings_cls.model_fields)
        named = init_settings().get("home") or os.environ.get("PERDURA_HOME") or "."
        home = Path(named).expanduser()
        file = _of_the_file(settings_cls, home / FILE)
        _refuse_password(file.toml_data.get("risk_url"), home / FILE)
        return init_settings, env_settings, file


class BadSettingsFile(ValueError):
    """The file of settings cannot be read."""


def _of_the_file(settings_cls: type[BaseSettings], file: Path) -> HomeFile:
    try:
        return HomeFile(settings_cls, toml_file=file)
    except tomllib.TOMLDecodeError as error:
        what, line = str(error), re.search(r"at line (\d+)", str(error))
        if "Cannot overwrite" in what and line:
            written = file.read_text("utf-8").splitlines()[int(line[1]) - 1]
            name = written.partition("=")[0].strip()
            what = f"line {line[1]} sets {name} a second time; keep one of the two lines"
        raise BadSettingsFile(f"{file.absolute()} cannot be read: {what}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettingsFile(f"{file.absolute()} cannot be read: {error}") from error


class PasswordInFile(ValueError):
    """A password stands in a file that is copied, shown and kept in version control."""


def _refuse_password(url: object, file: Path) -> None:
    parts = urlsplit(str(url or ""))
    if parts.password or "password" in parse_qs(parts.query):
        raise PasswordInFile(
            f"risk_url in {file} holds a password, and files are copied and shown; set "
            "PERDURA_RISK_URL in the environment instead, change the password, and take it out"
        )


class HomeInUse(ValueError):
    """The home holds another business's data. Nothing was done."""


def keep(settings: Settings, mapping: Path, told: dict[str, Any]) -> Path | None:
    """The settings file written from a mapping's ``[settings]``, where the home has none yet.

    So the next commands know what kind of business this is, and the night which sources to ask.
    A file that is there is its owner's, and stays as it is: ``None``.

    Raises:
        HomeInUse: The file names another mapping.
    """
    refuse_other_mapping(settings, mapping)
    file = settings.home / FILE
    if file.exists():
        return None
    # Says what is wrong before anything is written.
    Settings.model_validate({**told, "home": settings.home})
    lines = ["# Written by the first extract from its mapping; yours to change."]
    lines += [f"mapping = {_toml(in_file(mapping, settings.home))}"]
    lines += [f"{name} = {_toml(value)}" for name, value in told.items() if name != "home"]
    settings.home.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


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


def _toml(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # a TOML basic string is written alike
    return str(value)


def mistakes(error: Exception) -> str:
    """What is wrong with the settings, one sentence for each, with the closest name there is."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        _mistake(each["loc"][0], each["msg"]) for each in error.errors() if each["loc"]
    )


def _mistake(name: object, message: str) -> str:
    what = message.removeprefix("Value error, ")
    near = get_close_matches(str(name), Settings.model_fields, n=1)
    hint = f"; did you mean {near[0]}?" if near and near[0] != name else ""
    return f"setting {name} (in {FILE}, or PERDURA_{str(name).upper()}): {what}{hint}"
