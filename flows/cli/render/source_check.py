"""What a person sees of a guessed mapping, and of a mapping that is tried out."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from perdura.flows.cli.console import OUT
from perdura.flows.cli.render.runs import titled
from perdura.flows.onboarding.first_mapping import FirstMapping
from perdura.flows.onboarding.source_check import SourceCheck
from perdura.sources.counted import counted


def print_guesses(first: FirstMapping, console: Console = OUT) -> None:
    """What each file is taken for, and what was taken for granted."""
    if first.files:
        table = titled("What the files are taken for", "file")
        table.add_column("is")
        table.add_column("columns")
        for file in first.files:
            roles = ", ".join(f"{role} = {column.name}" for role, column in file.roles.items())
            table.add_row(file.name, file.kind or "nothing known", roles)
        console.print(table)
    for note in first.notes:
        console.print(Padding(Text(f"Please look: {note}"), (0, 0, 0, 2), expand=False))


def print_check(found: SourceCheck, console: Console = OUT) -> None:
    """Rows, dates and subscribers of each table, and one line for each finding."""
    of_sample = ", of a sample" if found.sample else ""
    table = titled(f"What the mapping gives{of_sample}", "table")
    for name in ("rows", "events", "subscribers", "first", "last"):
        table.add_column(name, justify="right")
    for one in found.tables:
        counts = (f"{count:,}" for count in (one.rows, one.events, one.subscribers))
        table.add_row(one.table, *counts, str(one.first or ""), str(one.last or ""))
    console.print(table)
    if found.sample:
        words = f"Figures are of a sample: {', '.join(found.sample)}. perdura extract reads all."
        console.print(Text(words), soft_wrap=True)
    for one in found.tables:
        if one.known:
            console.print(Text(f"{one.table}: {one.known}"), soft_wrap=True)
    if found.currencies:
        console.print(f"Currencies: {', '.join(found.currencies)}.")
    for one in found.findings:
        level = "please look" if one.level == "look" else one.level
        console.print(Text(f"{level}: {one.line}"), soft_wrap=True)
    problems = sum(one.level == "problem" for one in found.findings)
    looks = sum(one.level == "look" for one in found.findings)
    words = counted(problems, "problem") if problems else "No problems"
    more = f", {counted(looks, 'thing')} to look at" if looks else ""
    console.print(f"{words}{more}.")
