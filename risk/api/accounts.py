"""The route of accounts: the newest night added up by company."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from perdura.risk.api.access import Reader
from perdura.risk.api.answers import answer, known_already, tag_of
from perdura.risk.api.app_state import api_state
from perdura.risk.api.requests import AccountsRequest
from perdura.risk.api.shapes import ACCOUNT, FRESHNESS, ListedAccounts, documented
from perdura.risk.query.accounts import accounts
from perdura.risk.query.queries import published_night
from perdura.risk.store.connect import reading

router = APIRouter(prefix="/v1", tags=["list"])

_PAGE = {"rows": [ACCOUNT], "next": "Yk9mX3R3ZWx2ZV9ieXRlc1siLi4uIl0", "freshness": FRESHNESS}


@router.get("/accounts", **documented(ListedAccounts, _PAGE, 400, 401, 403, 409, 422, 429, 503))
def list_accounts(
    request: Request, holder: Reader, parameters: Annotated[AccountsRequest, Query()]
) -> Response:
    """Accounts of the newest night, highest expected loss first, page by page.

    Each adds up those of its subscribers that fit the filters; the control group is left out. Where
    no subscriber has an account the list is empty. The subscribers of one: `/v1/current?account=`.
    """
    state, list_query = api_state(request), parameters.list_query()
    with reading(state.settings.url) as connection:
        night = published_night(connection)
        tag = tag_of(request, night)
        if held := known_already(request, night, tag):
            return held
        page = accounts(connection, list_query)
    state.audit.note(
        holder,
        "accounts",
        query=request.url.query,
        night=str(night.scored_on),
        accounts=[account.account for account in page.accounts],
        people=[account.riskiest for account in page.accounts],
    )
    return answer(night, {"rows": page.accounts, "next": page.after}, tag)
