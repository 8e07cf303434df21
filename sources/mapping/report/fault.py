"""A row that broke a rule: what a hint about it needs to know."""

from dataclasses import dataclass, field

from perdura.sources.events import EventTable
from perdura.sources.mapping.sections import Input
from perdura.sources.mapping.values.meaning import USUAL


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that broke a rule, and where.

    Attributes:
        rule: The rule.
        table: The contract.
        source: The input.
        column: The column in which it broke the rule.
        value: What stands there.
        values: The commonest values that broke it, and how many have each.
    """

    rule: str
    table: EventTable | None = None
    source: Input | None = None
    column: str | None = None
    value: str | None = None
    values: dict[str, int] = field(default_factory=dict)


def null_words(fault: Fault) -> str | None:
    """What to write where values look like none; ``None`` if they do not."""
    words = [value.strip() for value in (fault.value or "", *fault.values)]
    words = [word for word in dict.fromkeys(words) if word.lower() in USUAL]
    if not words or words[0] != (fault.value or "").strip():
        return None
    return f"looks like no value; write null_words = {words!r}".replace("\\\\", "\\")
