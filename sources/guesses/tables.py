"""Inputs of a mapping for each file of a known kind."""

from collections.abc import Callable, Sequence

from perdura.sources.guesses.inputs.guessed import Guesses, named_file
from perdura.sources.guesses.inputs.money import currency_in
from perdura.sources.guesses.inputs.payments import map_payments
from perdura.sources.guesses.inputs.subscriptions import map_leavings, map_subscriptions
from perdura.sources.guesses.inputs.tickets import map_tickets
from perdura.sources.guesses.inputs.usage import map_accounts, map_usage
from perdura.sources.guesses.kinds import GuessedFile
from perdura.sources.guesses.links import Link, Subscribers, link_of


def guess_tables(
    files: Sequence[GuessedFile], subscribers: Subscribers | None, currency: str | None
) -> Guesses:
    """The inputs of a mapping for the files.

    Args:
        files: The files and what each is.
        subscribers: The ids that risks are predicted for.
        currency: Of amounts without one, if the operator said it.
    """
    given = (currency.upper(), "as given") if currency else None
    guesses = Guesses(files, subscribers, given or currency_in(files))
    for file in sorted(files, key=lambda one: one.kind == "leavings"):
        link = link_of(file, subscribers, files) if subscribers else None
        if file.kind is None:
            guesses.notes.append(f"{named_file(file)}: cannot tell what it is, and it is left out")
        elif link is None or link.share == 0:
            guesses.notes.append(
                f"{named_file(file)}: no column names a subscriber; it is left out"
            )
        else:
            _TABLES[file.kind](guesses, file, link)
    order = ["subscriptions", "payments", "tickets", "usage"]
    guesses.sections.sort(key=lambda one: order.index(one.table))
    return guesses


_TABLES: dict[str, Callable[[Guesses, GuessedFile, Link], None]] = {
    "subscriptions": map_subscriptions,
    "leavings": map_leavings,
    "payments": map_payments,
    "tickets": map_tickets,
    "usage": map_usage,
    "accounts": map_accounts,
}
