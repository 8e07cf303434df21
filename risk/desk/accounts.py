"""The page of accounts, and the sums that other pages show of one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import sqlalchemy as sa
from starlette.responses import Response

from perdura.risk.desk.desk import Visit
from perdura.risk.desk.filter_problems import unapplied
from perdura.risk.desk.list_filters import PageFilters, of_account, page_filters
from perdura.risk.desk.todays import facts_of
from perdura.risk.money import totals
from perdura.risk.night import freshness_of
from perdura.risk.query.accounts import Account, account_of, accounts
from perdura.risk.query.cursors import BadCursor, NightChanged
from perdura.risk.query.filters import conditions
from perdura.risk.query.queries import published_night
from perdura.risk.schema.views import CURRENT


def account_list(visit: Visit) -> Response:
    """Accounts of the newest night, highest expected loss first."""
    after = visit.request.query_params.get("after")
    with visit.desk.reading() as connection:
        night = published_night(connection)
        facts = facts_of(connection, night)
        filters, restarted = page_filters(band=""), False
        try:
            page = accounts(connection, filters.list_query(after))
        except (BadCursor, NightChanged):
            page, restarted = accounts(connection, filters.list_query()), True
        control = conditions(page_filters(band="", group="control").filters)
        counted = sa.select(sa.func.count()).select_from(CURRENT)
        controls = connection.scalar(counted.where(CURRENT.c.account.is_not(None), *control)) or 0

    def query_of(account: str) -> str:
        return of_account(account).query

    visit.desk.note(
        visit.holder,
        "accounts",
        night=str(night.scored_on),
        accounts=[account.account for account in page.accounts],
        people=[account.riskiest for account in page.accounts],
    )
    return visit.page(
        "accounts.html",
        night=night,
        fresh=freshness_of(night, visit.desk.now()),
        with_accounts=facts.accounts,
        currencies=facts.currencies,
        rows=page.accounts,
        controls=controls,
        more=page.after,
        restarted=restarted,
        unapplied=[*unapplied(visit.request.query_params.multi_items(), visit.locale, ())],
        query_of=query_of,
        amounts=partial(sums, visit),
    )


def summary(connection: sa.Connection, filters: PageFilters) -> Account | None:
    """The account that a list is filtered by, added up over all its subscribers of the list."""
    if not (account := filters["account"]):
        return None
    return account_of(connection, account, of_account(account).filters)


def others(connection: sa.Connection, row: Mapping[str, object]) -> int:
    """How many subscribers of the same account a list has besides this one."""
    if row["account"] is None:
        return 0
    kept = conditions(of_account(str(row["account"])).filters)
    counted = sa.select(sa.func.count()).select_from(CURRENT).where(*kept)
    other = CURRENT.c.subscriber_id != row["subscriber_id"]
    return connection.scalar(counted.where(other)) or 0


def sums(visit: Visit, money: Mapping[str, int]) -> str:
    """Amounts by currency in words."""
    return totals([(amount, code) for code, amount in money.items()], visit.locale.locale)
