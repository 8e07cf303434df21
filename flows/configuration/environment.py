"""The environment's names: what begins with ``PERDURA_`` is a setting, one of ours, or a slip."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

PREFIX = "PERDURA_"

#: Ours, and no settings: credentials stay out of files, and a traceback is for developers.
NO_SETTINGS = (
    "DEBUG",
    "INTERCOM_TOKEN",
    "WEBHOOK_SECRET",
    "ZENDESK_EMAIL",
    "ZENDESK_TOKEN",
)

# Kubernetes and Docker tell every container of a service that is called perdura, or perdura-api.
_OF_A_SERVICE = re.compile(
    r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?|NAME|ENV_\w+)"
)


class UnknownVariable(ValueError):
    """A variable of the environment looks like a setting, and is none."""


def refuse_unknown(environment: Mapping[str, str], settings: Iterable[str]) -> None:
    """Nothing, if every ``PERDURA_*`` is known.

    Args:
        environment: As of ``os.environ``; values are not repeated, which may be passwords.
        settings: Names of all settings, as in the file.

    Raises:
        UnknownVariable: Names each one that is not, with the closest that is.
    """
    known = sorted({*(name.upper() for name in settings), *NO_SETTINGS})
    names = sorted(name for name in environment if name.upper().startswith(PREFIX))
    bare = {name: name.upper().removeprefix(PREFIX) for name in names}
    unknown = [n for n in names if bare[n] not in known and not _OF_A_SERVICE.fullmatch(bare[n])]
    if unknown:
        raise UnknownVariable(
            "; ".join(_with_nearest(name, bare[name], known) for name in unknown)
            + "; correct the name, or unset it"
        )


def _with_nearest(name: str, bare: str, known: list[str]) -> str:
    near = get_close_matches(bare, known, n=1)
    hint = f" (did you mean {PREFIX}{near[0]}?)" if near else ""
    return f"the environment sets {name}, and there is no such setting{hint}"
