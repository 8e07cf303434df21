"""The help desks of the settings, with credentials from the environment."""

import base64
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from perdura.flows.configuration.groups import IntegrationSettings
from perdura.flows.settings import Settings
from perdura.http_calls import RequestPace
from perdura.progress import OnProgress, no_progress
from perdura.risk.integrations.help_desks.caller import Caller
from perdura.risk.integrations.help_desks.fields import FieldNames, Filling
from perdura.risk.integrations.help_desks.intercom import LONGEST, Intercom
from perdura.risk.integrations.help_desks.pushing import Pushed, push
from perdura.risk.integrations.help_desks.zendesk import Zendesk
from perdura.risk.integrations.targets import host_of
from perdura.risk.night import Night
from perdura.risk.records.audited_reads import Surface, record_read

Name = Literal["zendesk", "intercom"]
#: What a tool refused, and how often.
Problems = dict[str, int]


class NotSetUp(ValueError):
    """The settings, or the environment, lack what it takes. Nothing was sent."""


def filling(name: Name, integrations: IntegrationSettings, language: str) -> Filling:
    """How the fields are filled over there."""
    names = FieldNames(
        band=integrations.push_band,
        reasons=integrations.push_reasons,
        action=integrations.push_action,
    )
    if not names.cleared():
        raise NotSetUp(
            "integrations.push_band, integrations.push_reasons and integrations.push_action are "
            "all empty; name one field"
        )
    if name == "zendesk":
        return Filling(names=names, language=language)
    return Filling(names=names, language=language, longest=LONGEST)


def push_to(
    name: Name,
    settings: Settings,
    *,
    surface: Surface,
    all_again: bool = False,
    progress: OnProgress = no_progress,
) -> tuple[Pushed, Problems]:
    """Tell a help desk of the newest night, as of ``risk.integrations.help_desks.pushing.push``.

    Who is told of stands in the audit, batch by batch, before it is sent.

    Raises:
        Unaudited: The audit cannot be written. Nothing more was sent.
        NotSetUp: Says what to set.
        BadTarget, NotAllowed, NotNow: As of ``opened``.
        NoNight, PushRunning, BadState: As of ``push``.
    """
    fields = filling(name, settings.integrations, settings.language)

    def record(night: Night, subscriber_ids: Sequence[str]) -> None:
        record_read(
            settings.risk_url,
            surface,
            "export",
            format=name,
            night=str(night.scored_on),
            count=len(subscriber_ids),
            people=subscriber_ids,
        )

    with opened(name, settings.integrations, settings.home) as (tool, file):
        pushed = push(
            settings.risk_url,
            fields,
            tool,
            file,
            all_again=all_again,
            progress=progress,
            on_batch=record,
        )
        return pushed, dict(tool.problems.most_common())


@contextmanager
def opened(
    name: Name, integrations: IntegrationSettings, home: Path
) -> Generator[tuple[Zendesk | Intercom, Path]]:
    """A help desk, and the file of what it has been told, one for each account.

    Raises:
        NotSetUp: Says what to set.
        BadTarget: Its address is not to be sent to.
        NotAllowed: It does not let us in.
        NotNow: It could not be asked.
    """
    open_ = _zendesk if name == "zendesk" else _intercom
    with open_(integrations) as (tool, account):
        yield tool, home / "data" / f"push-{name}-{account}.jsonl"


@contextmanager
def _zendesk(integrations: IntegrationSettings) -> Generator[tuple[Zendesk, str]]:
    url, pace = integrations.zendesk_url, RequestPace(integrations.push_calls_per_minute)
    if url is None:
        raise NotSetUp("no account; write integrations.zendesk_url = 'https://NAME.zendesk.com'")
    token, email = _of_environment("PERDURA_ZENDESK_TOKEN"), os.environ.get("PERDURA_ZENDESK_EMAIL")
    basic = base64.b64encode(f"{email}/token:{token}".encode()).decode()
    headers = {"authorization": f"Basic {basic}" if email else f"Bearer {token}"}
    with Caller(url, headers, pace) as caller:
        yield Zendesk(caller), "".join(c if c.isalnum() or c in ".-" else "-" for c in host_of(url))


@contextmanager
def _intercom(integrations: IntegrationSettings) -> Generator[tuple[Intercom, str]]:
    headers = {"authorization": f"Bearer {_of_environment('PERDURA_INTERCOM_TOKEN')}"}
    pace = RequestPace(integrations.push_calls_per_minute)
    with Caller(integrations.intercom_url, headers, pace) as caller:
        intercom = Intercom(caller)
        yield intercom, intercom.workspace()


def _of_environment(name: str) -> str:
    if not (value := os.environ.get(name, "").strip()):
        raise NotSetUp(f"{name} is not set in the environment: credentials come from nowhere else")
    return value
