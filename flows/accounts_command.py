"""``perdura risk accounts``: the risks of a night by account."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.as_json import print_json


def accounts(
    top: Annotated[int, typer.Option(min=1, help="How many accounts.")] = 15,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The night, e.g. 2026-11-01.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Show the accounts with most expected leavers: companies with several subscribers."""
    from flows.settings import Settings
    from flows.show_accounts import print_accounts
    from risk.accounts import risks_by_account
    from risk.audited_reads import record_read
    from sources.accounts import accounts_at
    from sources.landing import read_events

    settings = Settings()
    found = risks_by_account(
        settings.risk_url,
        lambda night: dict(
            accounts_at(read_events(settings.landing), settings.nights.as_of(night)).iter_rows()
        ),
        scored_on=on.replace(tzinfo=UTC).date() if on else None,
    )
    shown = found.accounts[:top]
    record_read(
        settings.risk_url,
        "cli",
        "accounts",
        night=str(found.scored_on),
        accounts=[one.account for one in shown],
        people=[one.riskiest for one in shown],
    )
    if as_json:
        told = {"scored_on": found.scored_on, "subscribers_without_account": found.without}
        print_json({**told, "accounts": [asdict(one) for one in shown]})
    else:
        print_accounts(found, top, settings.language)
