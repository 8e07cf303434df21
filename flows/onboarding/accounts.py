"""The API of a vendor as a section ``[connect.NAME]``: names of variables in it, never secrets."""

import os
import re
from collections.abc import Mapping

_NAME = re.compile(r"\$?\{?([A-Za-z_]\w*)\}?")
#: How keys of Stripe begin: what is given in place of a variable's name by mistake.
_KEY = re.compile(r"(sk|rk|pk)_(live|test)_")


class BadAccount(ValueError):
    """What is given does not name an account, or the variable that holds its secret."""


def accounts_of(
    stripe_key: str | None,
    zendesk_url: str | None,
    zendesk_token: str | None,
    zendesk_email: str | None,
) -> dict[str, Mapping[str, str]]:
    """The keys of the section of each vendor that is given.

    Raises:
        BadAccount: A variable is not set, or only one of Zendesk's address and token is given.
    """
    accounts: dict[str, Mapping[str, str]] = {}
    if stripe_key:
        accounts["stripe"] = {"key": variable(stripe_key)}
    if zendesk_url or zendesk_token:
        accounts["zendesk"] = zendesk_account(zendesk_url, zendesk_token, zendesk_email)
    return accounts


def zendesk_account(url: str | None, token: str | None, email: str | None) -> Mapping[str, str]:
    """The keys of Zendesk's section.

    Raises:
        BadAccount: The address or the token is missing, or the variable is not set.
    """
    if not url or not token:
        raise BadAccount(
            "of Zendesk the address of the account and the variable that holds its token go "
            "together: https://acme.zendesk.com and $ZENDESK_TOKEN"
        )
    own = {"url": url, "token": variable(token)}
    return own | ({"email": email} if email else {})


def variable(given: str) -> str:
    """The name of an environment variable as a mapping writes it: ``$NAME``.

    Raises:
        BadAccount: It is no name, or is not set. It is not repeated: it may be the secret itself.
    """
    named = _NAME.fullmatch(given.strip())
    if named and not _KEY.match(named[1]) and os.environ.get(named[1]):
        return f"${named[1]}"
    raise BadAccount(
        "what was given is not the name of an environment variable that is set. A secret belongs "
        "into the environment, never into a mapping: set it there, as in export "
        "STRIPE_API_KEY=..., and give the name: $STRIPE_API_KEY"
    )
