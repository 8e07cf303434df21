"""Inputs of ``[[usage]]``, and what may be attributes of subscribers."""

from perdura.sources.guesses.inputs.guessed import Guesses, named_file, section_of
from perdura.sources.guesses.inputs.oddities import refuse_outside
from perdura.sources.guesses.kinds import GuessedFile
from perdura.sources.guesses.links import Link
from perdura.sources.guesses.section import Section, sql_name, sql_text


def map_usage(guesses: Guesses, file: GuessedFile, link: Link) -> None:
    """One row per use of something."""
    roles = file.roles
    made = section_of(guesses, "usage", file, link)
    made.columns["happened_at"] = made.time(roles["time"])
    what = roles.get("what")
    made.columns["kind"] = sql_name(what.name) if what else sql_text(file.name)
    if count := roles.get("quantity"):
        made.columns["quantity"] = sql_name(count.name)
    refuse_outside(made, link)
    guesses.sections.append(made)


def map_accounts(guesses: Guesses, file: GuessedFile, link: Link) -> None:
    """What is true of subscribers is written as a comment: each is a choice."""
    signed_up = file.roles.get("signed_up")
    words = [
        column
        for column in file.columns
        if column.content == "text" and len(column.values) >= 2 and column.name != "country"
    ]
    if signed_up is None or link.via or not words:
        return
    made = Section("subscribers", file)
    made.columns = {
        "subscriber_id": sql_name(link.column.name),
        "happened_at": made.time(signed_up),
    }
    lines = made.lines()
    named = ", ".join(f"{column.words} = {sql_name(column.name)!r}" for column in words)
    lines.append(f"attributes = {{ {named.replace(chr(39), chr(34))} }}")
    guesses.suggestions += [
        f"What {named_file(file)} says of subscribers may be an attribute of theirs, if it was",
        "true from the day on that is named here. Take away the # to use it.",
        "",
        *lines,
        "",
    ]
