"""The names of settings: groups and their keys, and the flat names that 0.1 had."""

import os
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, cast

from pydantic import BaseModel

from perdura.flows.configuration.groups import (
    ChurnSettings,
    ComputeSettings,
    IntegrationSettings,
    RiskTableSettings,
    ScheduleSettings,
    ServerSettings,
    SettingsGroup,
    SupportSettings,
    TrainingSettings,
    ValueSettings,
)

GROUPS: Mapping[str, type[SettingsGroup]] = {
    "churn": ChurnSettings,
    "training": TrainingSettings,
    "value": ValueSettings,
    "risk_table": RiskTableSettings,
    "support": SupportSettings,
    "schedule": ScheduleSettings,
    "integrations": IntegrationSettings,
    "server": ServerSettings,
    "compute": ComputeSettings,
}

#: Settings in no group: every room needs them.
TOP = ("home", "mapping", "language")

# What 0.1 called otherwise than today's key is called.
_OTHER_KEYS = {
    "churn": "churn.rule",
    "risk_url": "risk_table.url",
    "hold_out": "support.control_group",
}
_KEYS_OF_0_1 = {
    "churn": "lead_days horizon_days grace_days active_within_days",
    "training": "contacted split history_months step_days earlier_dates cut_days attributes "
    "monotone seed",
    "value": "margin discount_rate cltv_months reporting_currency exchange_rates",
    "risk_table": "keep_nights_months recent_ranks high medium band_stays never_named",
    "support": "calls save_share offer_from actions",
    "schedule": "timezone night_at make_up_nights overdue_minutes stale_after_days",
    "integrations": "webhooks webhook_attempts push zendesk_url intercom_url push_band "
    "push_reasons push_action push_calls_per_minute",
    "server": "requests_per_second cors_origins public_url",
    "compute": "threads cluster workers",
}

#: Today's name by the flat name of 0.1: ``horizon_days`` is ``churn.horizon_days``.
RENAMED: Mapping[str, str] = _OTHER_KEYS | {
    key: f"{group}.{key}" for group, keys in _KEYS_OF_0_1.items() for key in keys.split()
}

#: Today's name of every setting.
NAMES = (*TOP, *(f"{group}.{key}" for group, of in GROUPS.items() for key in of.model_fields))

#: Set in every process that a schedule starts, to the schedule's number.
SCHEDULE_PROCESS = "_PERDURA_SCHEDULE"

_reported: set[str] = set()


class SetTwice(ValueError):
    """One setting is given by its old and by its new name, with two values."""


def by_name(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by dotted name, ``churn.horizon_days``, of groups that are tables or values."""
    names: dict[str, Any] = {}
    for name, value in tables.items():
        keys: Mapping[str, Any] | None = None
        if isinstance(value, BaseModel):
            keys = {key: getattr(value, key) for key in value.model_fields_set}
        elif isinstance(value, Mapping) and name in GROUPS:
            keys = cast("Mapping[str, Any]", value)
        if keys is None:
            names[name] = value
        else:
            names |= {f"{name}.{key}": setting for key, setting in keys.items()}
    return names


def in_groups(
    given: Mapping[str, Any], source: str, spelt: Callable[[str], str] = str
) -> dict[str, Any]:
    """Settings by group, of which some may have the flat names of 0.1.

    A flat name is reported with its new one on standard error, once in a process.

    Args:
        given: Settings from one place, by dotted or by flat name.
        place: What gives them, at the beginning of a sentence.
        spelt: How a name is written there.

    Raises:
        SetTwice: A setting is given by both names, with different values.
    """
    named = {name: value for name, value in given.items() if name not in RENAMED}
    flat = {name: RENAMED[name] for name in given if name in RENAMED}
    for old, name in flat.items():
        if named.setdefault(name, given[old]) != given[old]:
            raise SetTwice(
                f"{source} sets {spelt(old)} and {spelt(name)}, which are one setting, to "
                f"different values; keep {spelt(name)}"
            )
    new = {spelt(old): spelt(name) for old, name in flat.items() if spelt(old) not in _reported}
    if new and SCHEDULE_PROCESS not in os.environ:  # else the schedule has reported them
        _reported.update(new)
        names = "; ".join(f"{old} is now {name}" for old, name in new.items())
        sys.stderr.write(f"perdura: {source} has old names, which keep working: {names}\n")
    groups: dict[str, Any] = {}
    for name, value in named.items():
        group, _, key = name.rpartition(".")
        if group not in named:  # else it is given as something that is no table: refused later
            (groups.setdefault(group, {}) if group else groups)[key] = value
    return groups


def nearest(name: str) -> str | None:
    """Today's name of the setting, or group, that an unknown name is closest to."""
    called = {**RENAMED, **{known.rpartition(".")[2]: known for known in NAMES}}
    group, _, key = name.rpartition(".")
    called |= {known: known for known in (*NAMES, *(() if group else GROUPS))}
    close = [key] if key in called else get_close_matches(name, called, n=1)
    close = close or get_close_matches(key, called, n=1)
    return called[close[0]] if close else None
