"""The questions of ``perdura init``: where the data are, asked one by one."""

from dataclasses import replace
from pathlib import Path

import typer

from perdura.flows.onboarding.accounts import variable, zendesk_account
from perdura.flows.onboarding.first_mapping import WhereDataAre

_OF_VENDOR = {
    "stripe": "Stripe: folder of an export, or $NAME of the variable that holds an API key",
    "zendesk": "Zendesk: folder of an export, or https://ACCOUNT.zendesk.com to read its API",
    "recurly": "Recurly: folder of an export",
    "intercom": "Intercom: folder of an export",
}


def ask_where(where: WhereDataAre) -> WhereDataAre:
    """Where the data are; an empty answer means that there are none of the kind.

    Raises:
        BadAccount: An answer is no variable that is set.
    """
    typer.echo("Where are your data? An empty answer means there are none of the kind.")
    vendors: dict[str, Path] = {}
    accounts = {**where.accounts}
    for name, question in _OF_VENDOR.items():
        answer = _ask_place(question)
        if name == "zendesk" and answer.startswith(("https://", "http://")):
            accounts[name] = ask_zendesk(answer)
        elif name == "stripe" and is_for_api(answer):
            accounts[name] = {"key": variable(answer)}
        elif answer:
            vendors[name] = Path(answer).expanduser()
    plain = _ask_place("Folder of plain files")
    database = ask("$NAME of the variable with the address of a database, such as $BILLING_URL")
    return replace(
        where,
        files=(Path(plain).expanduser(),) if plain else (),
        vendors=vendors,
        accounts=accounts,
        databases=(database,) if database else (),
    )


def ask_zendesk(url: str) -> dict[str, str]:
    """The keys of Zendesk's section, after its address."""
    token = ask("$NAME of the variable that holds its token, such as $ZENDESK_TOKEN")
    email = ask("E-mail of the administrator, if it is an API token (empty: an OAuth token)")
    return {**zendesk_account(url, token, email)}


def _ask_place(question: str) -> str:
    """An answer that is a folder, a variable, a key or an address, or empty; else asked again."""
    while True:
        answer = ask(question)
        is_elsewhere = is_for_api(answer) or answer.startswith(("https://", "http://"))
        if not answer or is_elsewhere or Path(answer).expanduser().is_dir():
            return answer
        typer.echo(f"There is no folder {answer}. Give one, or leave the answer empty.")


def is_for_api(answer: str) -> bool:
    """Whether an answer names a variable, or is a key itself, and no folder."""
    return answer.startswith(("$", "rk_", "sk_")) and not Path(answer).is_dir()


def ask(question: str) -> str:
    """The answer, without spaces around it."""
    answer: str = typer.prompt(question, default="", show_default=False)
    return answer.strip()
