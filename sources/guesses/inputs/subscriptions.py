"""Inputs of ``[[subscriptions]]``: from terms, and from who left when."""

from perdura.sources.guesses.inputs.guessed import Guesses, named_file, section_of
from perdura.sources.guesses.inputs.money import currency_of, interval_of, monthly_price
from perdura.sources.guesses.inputs.payments import map_refunds
from perdura.sources.guesses.inputs.words import cause_of
from perdura.sources.guesses.kinds import GuessedFile
from perdura.sources.guesses.links import Link, link_of
from perdura.sources.guesses.section import Section, sql_name, sql_text


def map_subscriptions(guesses: Guesses, file: GuessedFile, link: Link) -> None:
    """One row per term: its start and its end."""
    roles = file.roles
    made = section_of(guesses, "subscriptions", file, link)
    _describe_subscription(guesses, made, with_mrr=None)
    start = made.time(roles["start"])
    started: dict[str, str | int] = {"kind": "'started'", "happened_at": start}
    if trial := roles.get("trial_flag"):
        word = sql_text(trial.true_word)
        started["kind"] = (
            f"CASE {sql_name(trial.name)} WHEN {word} THEN 'trial_started' ELSE 'started' END"
        )
    if mrr := monthly_price(guesses, made):
        started["mrr"] = mrr
    made.events.append(("", started))
    ended, cancelled = roles.get("end"), roles.get("cancelled")
    reason = roles.get("reason")
    why = cause_of(reason) if reason else "'unknown'"
    if cancelled and ended:
        cancel = {"kind": "'cancel_scheduled'", "happened_at": made.time(cancelled)}
        made.events.append(("", {**cancel}))
    if last := ended or cancelled:
        made.events.append(
            ("", {"kind": "'ended'", "happened_at": made.time(last), "mrr": 0, "reason": why})
        )
    guesses.sections.append(made)


def _describe_subscription(guesses: Guesses, made: Section, with_mrr: int | None) -> None:
    """What is true of a subscription at each of its events."""
    roles, file = made.file.roles, made.file
    own = roles.get("subscription_id") or file.key
    made.columns["subscription_id"] = (
        sql_name(own.name) if own else str(made.columns["subscriber_id"])
    )
    if not own:
        guesses.notes.append(
            f"{named_file(file)}: no column names the subscription; each subscriber has one"
        )
    if plan := roles.get("plan"):
        made.columns["plan"] = sql_name(plan.name)
    if months := interval_of(roles.get("interval")):
        made.columns["interval_months"] = months
    if seats := roles.get("quantity"):
        made.columns["quantity"] = made.number(seats)
    if with_mrr is not None:
        made.columns["mrr"] = with_mrr
    if money := currency_of(guesses, roles.get("currency")):
        made.columns["currency"] = money
    _country(guesses, made)


def _country(guesses: Guesses, made: Section) -> None:
    if own := made.file.roles.get("country"):
        made.columns["country"] = sql_name(own.name)
        return
    for other in guesses.of_kind("accounts"):
        country, link = other.roles.get("country"), None
        if country and guesses.subscribers:
            link = link_of(other, guesses.subscribers, guesses.files)
        if country and link and link.via is None and link.column.is_unique:
            ours = str(made.columns["subscriber_id"]).strip('"')
            made.joins.append((other, {ours: link.column.name}, {"country": country.name}, False))
            made.columns["country"] = "country"
            return


def map_leavings(guesses: Guesses, file: GuessedFile, link: Link) -> None:
    """A file of who left when ends every subscription that ran then, where it names none."""
    map_refunds(guesses, file, link)
    left = file.roles["time"]
    for subscriptions in guesses.of_kind("subscriptions"):
        own = guesses.subscribers and link_of(subscriptions, guesses.subscribers, guesses.files)
        if own is None or own.via or link.via:
            continue
        made = section_of(guesses, "subscriptions", subscriptions, own)
        made.comments = [
            f"Who left by {named_file(file)}: every subscription that ran then ended.",
        ]
        take = {"left_at": left.name}
        reason = file.roles.get("reason")
        if reason:
            take["left_why"] = reason.name
        ours = own.column.name
        made.joins.append((file, {ours: link.column.name}, take, True))
        start, end = subscriptions.roles["start"], subscriptions.roles.get("end")
        begun = f"{made.time(start, typed=True)} <= left_at"
        running = (
            f" AND ({sql_name(end.name)} IS NULL OR {made.time(end, typed=True)} > left_at)"
            if end
            else ""
        )
        made.types["left_at"] = "time"
        made.used.append(left)
        made.where = begun + running
        made.columns |= {"happened_at": "left_at", "kind": "'ended'"}
        _describe_subscription(guesses, made, with_mrr=0)
        made.columns["reason"] = cause_of(reason, "left_why") if reason else "'unknown'"
        guesses.sections.append(made)
        return
