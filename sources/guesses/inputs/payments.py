"""Inputs of ``[[payments]]``: from payments, and from what was given back."""

from perdura.sources.guesses.inputs.guessed import Guesses, named_file, section_of
from perdura.sources.guesses.inputs.money import currency_of, in_minor_units
from perdura.sources.guesses.inputs.words import kinds_of_status
from perdura.sources.guesses.kinds import GuessedFile
from perdura.sources.guesses.links import Link
from perdura.sources.guesses.section import sql_name


def map_payments(guesses: Guesses, file: GuessedFile, link: Link) -> None:
    """One row per payment."""
    roles = file.roles
    amount = roles.get("amount")
    if amount is None:
        map_refunds(guesses, file, link)
        return
    made = section_of(guesses, "payments", file, link)
    made.columns["happened_at"] = made.time(roles["time"])
    value, by_sign = made.number(amount), amount.least < 0
    kind = "'paid'"
    if status := roles.get("status"):
        kind, made.where = kinds_of_status(status)
    if by_sign:
        kind = f"CASE WHEN {value} < 0 THEN 'refunded' ELSE {kind} END"
    made.columns["kind"] = kind
    if own := roles.get("payment_id") or file.key:
        made.columns["payment_id"] = sql_name(own.name)
    else:
        made.columns["payment_id"] = "CONCAT('line-', row_number)"
    if invoice := roles.get("invoice_id"):
        made.columns["invoice_id"] = sql_name(invoice.name)
    made.columns["amount"] = in_minor_units(
        guesses, made, amount, f"ABS({value})" if by_sign else value
    )
    if money := currency_of(guesses, roles.get("currency")):
        made.columns["currency"] = money
    for name in ("method", "failure_code"):
        if column := roles.get(name):
            made.columns[name] = sql_name(column.name)
    guesses.sections.append(made)


def map_refunds(guesses: Guesses, file: GuessedFile, link: Link) -> None:
    """Amounts that were given back, where a column has them."""
    refund = file.roles.get("refund")
    if refund is None:
        return
    made = section_of(guesses, "payments", file, link)
    made.comments = [f"What {named_file(file)} says was given back."]
    value = made.number(refund)
    made.where = f"{value} > 0"
    made.columns["happened_at"] = made.time(file.roles["time"])
    made.columns["kind"] = "'refunded'"
    if own := file.roles.get("event_id") or file.roles.get("payment_id") or file.key:
        made.columns["payment_id"] = sql_name(own.name)
    made.columns["amount"] = in_minor_units(guesses, made, refund, value)
    if money := currency_of(guesses, file.roles.get("currency")):
        made.columns["currency"] = money
    guesses.sections.append(made)
