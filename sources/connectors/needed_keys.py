"""Keys that a vendor's objects mean nothing without, where a list has not got them."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from perdura.sources.connectors.connection import or_rather

#: A key, and others that stand for it.
Key = tuple[str, ...]
#: Of so many objects one may have a key, and it still counts as absent.
ALMOST_ALL = 20


def absent_keys(
    objects: Sequence[Mapping[str, object]], needed: Iterable[Key], known: Collection[str] = ()
) -> list[str]:
    """What to say of each key that (almost) no object has; empty where they have all.

    Args:
        objects: Some objects of one list.
        needed: The keys that it needs.
        known: Keys that mean something else, and so are no new name of one that is absent.
    """
    there = {key for one in objects for key in one}
    others = (there - {*known}) or there
    return [
        f"key {names[0]!r}{or_rather(names[0], others)}"
        for names in needed
        if sum(any(name in one for name in names) for one in objects) * ALMOST_ALL < len(objects)
    ]


def absent_words(file: str, what: str, absent: Sequence[str]) -> str:
    """The sentence about keys that a list in a file has not; empty where it lacks none."""
    if not absent:
        return ""
    keys = "; or the ".join(absent)
    end = "" if keys.endswith("?") else "."
    return f"{file}: hardly any of the {what} has the {keys}{end} Was it renamed?"
