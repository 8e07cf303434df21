"""Files and folders beside an export that a connector does not read, in words for the report."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

#: How a note of what is not read begins.
NOT_READ = "not read: "
#: How many are named.
_SHOWN = 8


def unread_note(
    folder: Path, read: Collection[Path], form: str, endings: Collection[str], known: str = ""
) -> str | None:
    """What of a folder is not read, and what to do; ``None`` if all of it is.

    Args:
        folder: The folder.
        read: The files that are read.
        form: What files have to be, in words that follow "export as".
        endings: How files of that form end.
        known: A pattern that names of known lists begin with, and group 1 the list, such as
            ``subscriptions`` of ``subscriptions_us``; by default no name is recognised.
    """
    paths = unread_paths(folder, read)
    if not paths:
        return None
    names = [f"{path.name}/" if path.is_dir() else path.name for path in paths]
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    to_do = ", and ".join(_to_do(paths, form, endings, known))
    return f"{NOT_READ}{', '.join(names[:_SHOWN])}{more}{f'; {to_do}' if to_do else ''}"


def unread_paths(folder: Path, read: Collection[Path]) -> list[Path]:
    """Files and folders in a folder of which nothing is read, by name; hidden ones left out."""
    used = {*read, *(file.parent for file in read)}
    return [
        path for path in sorted(folder.iterdir()) if path not in used and path.name[0] not in "._"
    ]


def _to_do(paths: list[Path], form: str, endings: Collection[str], known: str) -> Iterator[str]:
    if any(path.is_dir() for path in paths):
        yield (
            "move the files of a folder up, or give it a section [connect.NAME] of its own if it "
            "is another account"
        )
    found = [
        (path, name[1])
        for path in paths
        if known and path.is_file() and (name := re.match(known, path.name.lower()))
    ]
    renamed = [
        (path, name)
        for path, name in found
        if path.suffix.lower() in endings and path.stem.lower() != name
    ]
    if renamed:
        path, name = renamed[0]
        yield f"rename such files, as {path.name} to {name}-1{path.suffix}"
    if other := [path.name for path, name in found if (path, name) not in renamed]:
        yield f"export {other[0]} as {form}"
