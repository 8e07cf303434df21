"""``perdura risk accounts``: the risks of a night by account."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from perdura.flows.cli.as_json import print_json


def accounts(
    top: Annotated[int, typer.Option(min=1, help="How many accounts.")] = 15,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The night, e.g. 2026-11-01.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Show the accounts with the highest expected loss: companies with several subscribers."""
    from perdura.flows.cli.render.accounts import print_accounts
    from perdura.flows.settings import Settings
    from perdura.risk.query.accounts import risks_by_account
    from perdura.risk.records.audited_reads import record_read

    settings = Settings()
    scored_on = on.replace(tzinfo=UTC).date() if on else None
    found = risks_by_account(settings.risk_url, top, scored_on=scored_on)
    record_read(
        settings.risk_url,
        "cli",
        "accounts",
        night=str(found.scored_on),
        accounts=[one.account for one in found.accounts],
        people=[one.riskiest for one in found.accounts],
    )
    if as_json:
        print_json(
            {
                "scored_on": found.scored_on,
                "subscribers_without_account": found.without,
                "subscribers_in_control_group": found.control,
                "accounts": [asdict(one) for one in found.accounts],
            }
        )
    else:
        print_accounts(found, settings.language)
