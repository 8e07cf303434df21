"""Inputs of ``[[tickets]]``."""

from perdura.sources.guesses.inputs.guessed import Guesses, section_of
from perdura.sources.guesses.inputs.oddities import refuse_before_signup
from perdura.sources.guesses.inputs.words import as_rating
from perdura.sources.guesses.kinds import GuessedFile
from perdura.sources.guesses.links import Link
from perdura.sources.guesses.section import Section, sql_name, sql_text


def map_tickets(guesses: Guesses, file: GuessedFile, link: Link) -> None:
    """One row per ticket: its opening, first reply, end and rating."""
    roles = file.roles
    made = section_of(guesses, "tickets", file, link)
    own = roles.get("ticket_id") or file.key
    made.columns["ticket_id"] = sql_name(own.name) if own else "CONCAT('line-', row_number)"
    for name in ("priority", "channel", "topic"):
        if column := roles.get(name):
            made.columns[name] = sql_name(column.name)
    refuse_before_signup(guesses, made, link)
    opened = made.time(roles["opened"])
    made.events.append(("", {"kind": "'opened'", "happened_at": opened}))
    _reply(made, opened)
    closed = roles.get("resolved")
    if closed:
        at = made.time(closed)
        if flag := roles.get("escalated"):
            word = sql_text(flag.true_word)
            then = f"CASE WHEN {sql_name(flag.name)} = {word} THEN {at} END"
            made.types[closed.name] = "time"
            made.events.append((
                "When a ticket was escalated the file does not say: at its end it was.",
                {"kind": "'escalated'", "happened_at": then},
            ))  # fmt: skip
        resolved: dict[str, str | int] = {"kind": "'resolved'", "happened_at": at}
        if hours := roles.get("resolution_hours"):
            resolved["hours"] = made.number(hours)
        made.events.append(("", resolved))
        if score := roles.get("score"):
            rated = f"CASE WHEN {sql_name(score.name)} IS NOT NULL THEN {at} END"
            made.types[closed.name] = "time"
            made.events.append((
                "When it was rated the file does not say: at its end it was, or later.",
                {"kind": "'rated'", "happened_at": rated, "score": as_rating(score)},
            ))  # fmt: skip
    guesses.sections.append(made)


def _reply(made: Section, opened: str) -> None:
    roles = made.file.roles
    if at := roles.get("replied"):
        made.events.append(("", {"kind": "'replied'", "happened_at": made.time(at)}))
        return
    for name, unit, per_hour in (("reply_minutes", "minute", 60), ("reply_hours", "hour", 1)):
        if column := roles.get(name):
            made.types[roles["opened"].name] = "time"
            value = sql_name(column.name)
            made.types[column.name] = "number"
            happened = f"{opened} + {value} * INTERVAL '1 {unit}'"
            hours = f"{value} / {per_hour}" if per_hour > 1 else value
            made.events.append(("", {"kind": "'replied'", "happened_at": happened, "hours": hours}))
            return
