"""The text of a guessed mapping, commented so that everything is seen and can be changed."""

from collections.abc import Mapping, Sequence

from perdura.sources.connectors.known import mapping_of
from perdura.sources.guesses.inputs.guessed import Guesses
from perdura.sources.guesses.meeting import Meeting
from perdura.sources.guesses.section import commented
from perdura.sources.guesses.toml_text import as_toml

#: Who has left, where contracts say so.
_BY_CONTRACT = (
    "[settings.churn]",
    'rule = "contract"     # subscriptions say who left; "silence": no payment any more',
    "horizon_days = 30     # a risk is the chance of leaving within these days",
    "grace_days = 30       # who is back within these days has not left",
)
#: The same, where silence does.
_BY_SILENCE = (
    "[settings.churn]",
    'rule = "silence"            # there are no contracts: who buys nothing more has left',
    "horizon_days = 60           # days without a purchase that count as leaving",
    "grace_days = 0",
    "active_within_days = 120    # a customer has bought within these days",
)


def mapping_text(
    guesses: Guesses,
    connections: Mapping[str, Mapping[str, str]],
    timezone: str,
    *,
    says_what_is_due: bool,
    meetings: Sequence[Meeting] = (),
    metadata: Sequence[str] = (),
) -> str:
    """A whole mapping file.

    Args:
        guesses: What plain files and databases mean.
        connections: Of each vendor the keys of its section ``[connect.NAME]``.
        timezone: Where times without an offset were written down.
        meetings: How requesters of help desks are found among customers.
        metadata: Keys of a customer's metadata that this takes.
        says_what_is_due: Whether any source tells of contracts; else silence means leaving.
    """
    lines = [
        "# Where the data are, and how they become events (docs/MAPPING.md). Written by perdura",
        "# init from a look at the data; yours to change. Then run perdura check.",
        "",
        "# Of times that tell no time zone.",
        f"timezone = {as_toml(timezone)}",
        "",
    ]
    for note in guesses.notes:
        lines += commented(f"Please look: {note}.")
    lines += ["", *(_BY_CONTRACT if says_what_is_due else _BY_SILENCE), ""]
    for name, keys in connections.items():
        lines.append(f"[connect.{name}]")
        lines += [f"{key} = {as_toml(value)}" for key, value in keys.items()]
        lines += [f"metadata = {as_toml([*metadata])}"] if name == "stripe" and metadata else []
        lines.append("")
    for section in guesses.sections:
        lines += [*section.lines(), ""]
    for name in connections:
        fragment = mapping_of(name).strip() + "\n"
        met = next((one for one in meetings if one.desk == name), None)
        lines += [(met.applied(fragment) if met else fragment).strip(), ""]
    lines += [f"# {line}".rstrip() for line in guesses.suggestions]
    return "\n".join(lines).rstrip() + "\n"
