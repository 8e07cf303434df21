"""Whether days stand before months, where the values of a column alone do not tell."""

from collections.abc import Sequence
from dataclasses import replace

from perdura.sources.guesses.kinds import GuessedFile


def unsure(files: Sequence[GuessedFile]) -> list[str]:
    """Columns with times that may be read in two ways, each with its file."""
    return [
        f"{column.name} of {file.name}"
        for file in files
        for column in file.columns
        if column.times and column.times.could_be
    ]


def order_elsewhere(files: Sequence[GuessedFile]) -> bool | None:
    """Whether days come first where that can be told; ``None``: nowhere, or both occur."""
    found = {
        form.startswith("%d")
        for file in files
        for column in file.columns
        if column.times and not column.times.could_be
        for form in column.times.formats
        if form.startswith(("%d/", "%d.", "%d-", "%m/", "%m.", "%m-"))
    }
    return found.pop() if len(found) == 1 else None


def with_order(files: Sequence[GuessedFile], *, day_first: bool) -> list[GuessedFile]:
    """The files with the times of unsure columns read in that order."""
    ordered: list[GuessedFile] = []
    wanted = "%d" if day_first else "%m"
    for file in files:
        columns = {column.name: column for column in file.columns}
        for column in file.columns:
            times = column.times
            if times and times.could_be:
                both = (*times.formats, *times.could_be)
                twins = [form for form in both if form.startswith(wanted)]
                others = [f for f in times.formats if not f.startswith(("%d", "%m"))]
                fixed = replace(times, formats=(*others, *dict.fromkeys(twins)), could_be=())
                columns[column.name] = replace(column, times=fixed)
        roles = {name: columns[column.name] for name, column in file.roles.items()}
        key = columns[file.key.name] if file.key else None
        ordered.append(replace(file, columns=(*columns.values(),), roles=roles, key=key))
    return ordered
