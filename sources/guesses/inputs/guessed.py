"""What a folder of files may mean, while it is guessed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from perdura.sources.guesses.kinds import GuessedFile
from perdura.sources.guesses.links import Link, Subscribers
from perdura.sources.guesses.section import Section, sql_name


@dataclass(slots=True)
class Guesses:
    """What a folder of files may mean.

    Attributes:
        files: The files.
        subscribers: The ids that risks are predicted for; ``None`` if no file names any.
        currency: Of all amounts that no column gives a currency for, and why.
        sections: The inputs of the mapping.
        notes: What was taken for granted, and what could not be told.
        suggestions: Lines of TOML that may be worth having, to be written as comments.
    """

    files: Sequence[GuessedFile]
    subscribers: Subscribers | None
    currency: tuple[str, str] | None = None
    sections: list[Section] = field(default_factory=list[Section])
    notes: list[str] = field(default_factory=list[str])
    suggestions: list[str] = field(default_factory=list[str])

    def of_kind(self, kind: str) -> list[GuessedFile]:
        """The files of a kind."""
        return [file for file in self.files if file.kind == kind]


def named_file(file: GuessedFile) -> str:
    """The file as the mapping names it."""
    return str(file.sample.keys.get("file") or file.name)


def section_of(guesses: Guesses, table: str, file: GuessedFile, link: Link) -> Section:
    """An input of a table that reads a file, and the way to its subscribers."""
    made = Section(table, file)
    made.columns["subscriber_id"] = sql_name(link.column.name)
    if link.via and link.theirs and link.takes:
        ours, theirs = link.column.name, link.theirs.name
        if link.column.content == "email":
            ours, theirs = (f"LOWER(TRIM({sql_name(name)}))" for name in (ours, theirs))
        taken = "subscriber_id" if "subscriber_id" not in file.sample.rows.columns else "whose"
        made.joins.append((link.via, {ours: theirs}, {taken: link.takes.name}, False))
        made.columns["subscriber_id"] = taken
    if guesses.subscribers and file is not guesses.subscribers.file and link.share < 1:
        made.comments.append(f"{link.share:.0%} of its ids are found by {link.column.name}.")
    return made
