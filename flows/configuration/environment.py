"""The environment's names: what begins with ``PERDURA_`` is a setting, one of ours, or a slip."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from perdura.flows.configuration.setting_names import NAMES, RENAMED, in_groups, nearest

PREFIX = "PERDURA_"

#: Ours, and no settings: credentials stay out of files, and a traceback is for developers.
NO_SETTINGS = (
    "DEBUG",
    "INTERCOM_TOKEN",
    "WEBHOOK_SECRET",
    "ZENDESK_EMAIL",
    "ZENDESK_TOKEN",
)

# Kubernetes and Docker set these in every container of a service called perdura, or perdura-api.
_OF_A_SERVICE = re.compile(
    r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?|NAME|ENV_\w+)"
)


class UnknownVariable(ValueError):
    """A variable of the environment looks like a setting, and is none."""


def variable_of(name: str) -> str:
    """The variable of a setting: ``PERDURA_CHURN__HORIZON_DAYS`` of ``churn.horizon_days``."""
    return PREFIX + name.replace(".", "__").upper()


def settings_in(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings of an environment, by group, as texts.

    Args:
        environment: As of ``os.environ``; values are not repeated, which may be passwords.

    Raises:
        UnknownVariable: Names each ``PERDURA_*`` that is no setting, with the closest that is.
        SetTwice: A setting is given by its old and by its new name, with different values.
    """
    given: dict[str, str] = {}
    unknown: list[str] = []
    for variable in sorted(name for name in environment if name.upper().startswith(PREFIX)):
        bare = variable.upper().removeprefix(PREFIX)
        name = bare.lower().replace("__", ".", 1)
        if name in RENAMED or name in NAMES:
            given[name] = environment[variable]
        elif bare not in NO_SETTINGS and not _OF_A_SERVICE.fullmatch(bare):
            known = get_close_matches(bare, NO_SETTINGS, n=1, cutoff=0.8)
            near = f"{PREFIX}{known[0]}" if known else variable_of(nearest(name) or "")
            hint = f" (did you mean {near}?)" if near != PREFIX else ""
            unknown.append(f"the environment sets {variable}, and there is no such setting{hint}")
    if unknown:
        raise UnknownVariable("; ".join(unknown) + "; correct the name, or unset it")
    return in_groups(given, "the environment", variable_of)
