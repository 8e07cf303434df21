"""Settings by group: each is a table of ``perdura.toml``, and a small frozen value in code."""

from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_serializer,
    model_validator,
)

from perdura.flows.configuration.night_calendar import NightCalendar
from perdura.flows.configuration.setting_values import (
    Address,
    Currency,
    Listed,
    Origin,
    Scheduler,
    StoreUrl,
)
from perdura.models.scoring.thresholds import DEFAULT_THRESHOLDS
from perdura.risk.publish.ranking import DEFAULT_BANDS
from perdura.risk.schema.tables import INDEXED_RANKS
from perdura.risk.store.urls import shown


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no time zone {name!r}; write for example 'Europe/Madrid'")
    return name


def _whole_minute(hour: time) -> time:
    if hour.tzinfo or hour.second or hour.microsecond:
        raise ValueError(f"{hour} has seconds or a zone; write for example '02:00' (see timezone)")
    return hour


class SettingsGroup(BaseModel):
    """One table of settings. A key that it does not have is refused."""

    # A value that is wrong is in no error: it may be a password.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ChurnSettings(SettingsGroup):
    """``[churn]``: what counts as leaving. Another rule or window makes a model of its own.

    Attributes:
        rule: ``contract``: subscriptions are cancelled. ``silence``: customers just stop buying.
        lead_days: Days between ``as_of`` and the first day on which leaving counts.
        horizon_days: Days in which a subscriber leaves, or does not.
        grace_days: Days within which a leaver who comes back has not left.
        active_within_days: With ``silence``, a customer who paid in this many days is active.
    """

    rule: Literal["contract", "silence"] = "contract"
    lead_days: int = Field(default=0, ge=0)
    horizon_days: int = Field(default=30, ge=1)
    grace_days: int = Field(default=30, ge=0)
    active_within_days: int = Field(default=365, ge=1)

    @property
    def churn(self) -> str:
        """The rule, under the name that models and parameters give it."""
        return self.rule


class TrainingSettings(SettingsGroup):
    """``[training]``: which rows a model learns from, and how it is tested.

    Attributes:
        contacted: Rows of subscribers that support contacted in time to change the outcome are
            ``left_out``, so that saved subscribers do not teach that trouble is harmless; or they
            are learnt from, beside ``features`` of what support did until then.
        split: Test on later dates (``time``), or on other people (``subscribers``) where the
            history is too short for that.
        history_months: Months of history to learn from, at most.
        step_days: Days between the dates that are learnt from; by default they are month starts.
            Where bills fall on the same day for all, month starts see only one part of the
            cycle and nights see all of it: 27 days wander through it.
        earlier_dates: Number of the newest dates at which the model is trained again, as it would
            have been trained then, to see whether it holds over time; 0: none.
        cut_days: The model scores its test rows as they were this many days before, too: if its
            ranking is gone then, it may know of leaving that has begun; 0: it does not.
        attributes: The attributes of subscribers (table ``subscribers``) that are learnt from;
            where absent, all with 2 to 100 values but ``account``; ``[]`` is none.
        monotone: More failed payments, or unpaid invoices, never lower a risk.
        seed: Decides every random draw in training.
    """

    contacted: Literal["left_out", "features"] = "left_out"
    split: Literal["time", "subscribers"] = "time"
    history_months: int = Field(default=36, ge=1)
    step_days: int | None = Field(default=None, ge=1)
    earlier_dates: int = Field(default=4, ge=0)
    cut_days: int = Field(default=7, ge=0)
    attributes: Annotated[tuple[str, ...] | None, Listed] = None
    monotone: bool = False
    seed: int = 0


class ValueSettings(SettingsGroup):
    """``[value]``: what a subscriber is worth.

    Attributes:
        margin: Share of the revenue that is left after the cost of serving a subscriber.
        discount_rate: A year: money that comes a year later is worth this much less.
        cltv_months: Months ahead over which customer lifetime value is counted.
        reporting_currency: Into which CLTV and what is at stake of it are converted, e.g.
            ``"EUR"``; by default each subscriber's stay in the currency that they pay in.
        exchange_rates: CSV file for it: ``date``, ``currency``, ``rate`` (units of the reporting
            currency for one). Of each currency the newest rate before the night counts.
    """

    margin: float = Field(default=0.8, gt=0, le=1)
    discount_rate: float = Field(default=0.1, ge=0)
    cltv_months: int = Field(default=36, ge=2)
    reporting_currency: Currency | None = None
    exchange_rates: Path | None = None


class RiskTableSettings(SettingsGroup):
    """``[risk_table]``: where risks are published, and how they are shown.

    Attributes:
        url: By default SQLite, in ``data/risk.db`` of the home;
            ``postgresql://USER:PASSWORD@HOST/DATABASE``, with a password in
            ``PERDURA_RISK_TABLE__URL`` alone.
        keep_nights_months: Months of nights that stay in the table, that of the newest included;
            by default all do.
        recent_ranks: Number of the riskiest subscribers that the table holds recent events of; 0:
            none.
        high: From this risk the band is high.
        medium: From this risk the band is medium.
        band_stays: A subscriber stays in the band of the night before until the risk is below
            this share of the band's threshold; 1: bands go by the risk alone.
        never_named: Signals or columns that are never given as a reason, e.g. ``["country"]``.
    """

    url: StoreUrl | None = Field(default=None, repr=False)
    keep_nights_months: int | None = Field(default=None, ge=1)
    recent_ranks: int = Field(default=10_000, ge=0, le=INDEXED_RANKS)
    high: float = Field(default=DEFAULT_BANDS.high, gt=0, lt=1)
    medium: float = Field(default=DEFAULT_BANDS.medium, gt=0, lt=1)
    band_stays: float = Field(default=DEFAULT_BANDS.stays, gt=0, le=1)
    never_named: Annotated[tuple[str, ...], Listed] = ()

    @model_validator(mode="after")
    def _bands_in_order(self) -> Self:
        if self.medium > self.high:
            raise ValueError(
                f"medium ({self.medium}) is above high ({self.high}): the medium band is below the "
                "high one"
            )
        return self

    @field_serializer("url")
    def _without_password(self, url: str | None) -> str | None:
        """As Prefect writes it down among the parameters of a run."""
        return url and shown(url)


class SupportSettings(SettingsGroup):
    """``[support]``: what support can do about a risk.

    Attributes:
        calls: Number of subscribers that support can call on one day.
        save_share: Share of the called leavers who are taken to stay; says what calls are worth,
            and changes no risk.
        control_group: Share of all subscribers who are not contacted, drawn at random anew each
            quarter, so that ``perdura effect`` can estimate what contact does; 0: none.
        offer_from: From this probability of paying more by choice within 60 days, support is
            advised to make an offer; never to a subscriber in trouble.
        actions: An action table of one's own.
    """

    calls: int = Field(default=100, ge=1)
    save_share: float = Field(default=0.2, ge=0, le=1)
    control_group: float = Field(default=0.0, ge=0, le=0.5)
    offer_from: float = Field(default=DEFAULT_THRESHOLDS.offer_from, gt=0, lt=1)
    actions: Path | None = None


class ScheduleSettings(SettingsGroup):
    """``[schedule]``: when nights run, and from when on they are late.

    Attributes:
        timezone: In which the schedule's times are meant.
        night_at: The hour at which the schedule scores each night, e.g. ``"02:00"``.
        make_up_nights: The schedule makes up at most this many missed nights, the newest; older
            ones are skipped, and it says so.
        overdue_minutes: A scheduled run that has not appeared this long after it was due makes
            ``perdura schedule --health`` fail.
        stale_after_days: A source with no newer event marks the night as degraded.
    """

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    night_at: Annotated[time, AfterValidator(_whole_minute)] = time(2)
    make_up_nights: int = Field(default=7, ge=0)
    overdue_minutes: float = Field(default=3.0, gt=0, le=5)
    stale_after_days: int = Field(default=7, ge=1)

    @property
    def nights(self) -> NightCalendar:
        """When each night is due, and what it knows."""
        return NightCalendar(self.night_at, self.timezone)


class IntegrationSettings(SettingsGroup):
    """``[integrations]``: what other tools are sent.

    Attributes:
        webhooks: URLs that are notified of moves into the high band, signed with the secret in the
            environment (``PERDURA_WEBHOOK_SECRET``), which is never written into the settings.
        webhook_attempts: After this many a delivery is given up, and can be replayed: 8 are a day.
        push: Help desks that the schedule updates every hour, e.g. ``["zendesk"]``; by default
            none.
        zendesk_url: The account, e.g. ``https://acme.zendesk.com``, for ``perdura push zendesk``.
        intercom_url: Where its API is; of workspaces in Europe ``https://api.eu.intercom.io``.
        push_band: Field over there that gets the band; none where empty, as of the next two.
        push_reasons: Field over there that gets the reasons in words.
        push_action: Field over there that gets what to do, in words.
        push_calls_per_minute: Most calls that a push makes, to leave some for others.
    """

    webhooks: Annotated[tuple[Address, ...], Listed] = ()
    webhook_attempts: int = Field(default=8, ge=1)
    push: Annotated[tuple[Literal["zendesk", "intercom"], ...], Listed] = ()
    zendesk_url: Address | None = None
    intercom_url: Address = "https://api.intercom.io"
    push_band: str = "perdura_risk_band"
    push_reasons: str = "perdura_risk_reasons"
    push_action: str = "perdura_risk_action"
    push_calls_per_minute: int = Field(default=150, ge=1)


class ServerSettings(SettingsGroup):
    """``[server]``: the API and the pages of ``perdura serve``.

    Attributes:
        requests_per_second: Requests that a token may make of the API each second, over time.
        cors_origins: Pages elsewhere that may call the API from scripts; by default none.
        public_url: The address that people use, where a proxy stands before ``perdura serve``,
            with the path it serves below, e.g. ``https://support.example.com/perdura``.
    """

    requests_per_second: float = Field(default=50, gt=0)
    cors_origins: Annotated[tuple[Origin, ...], Listed] = ()
    public_url: Address | None = None


class ComputeSettings(SettingsGroup):
    """``[compute]``: the machines that do the work.

    Attributes:
        threads: Threads to fit with; 0 is one per core.
        cluster: Where parts of the work go: ``local``, workers on this machine, or the address of
            a Dask scheduler, e.g. ``tcp://10.0.0.5:8786``, if its workers see the home; by default
            they are done here, one after the other, each on all cores.
        workers: Number of workers that the cluster has, or is to have.
    """

    threads: int = Field(default=0, ge=0)
    cluster: Scheduler | None = None
    workers: int = Field(default=2, ge=1)
