"""The first settings of a home, with a word for each that a company may want to change."""

import tomllib
from pathlib import Path

from perdura.flows.configuration.home_file import in_file
from perdura.sources.guesses.toml_text import as_toml


def settings_text(mapping: Path, timezone: str) -> str:
    """The text of ``perdura.toml`` for a mapping in the home's own folder.

    Args:
        mapping: The mapping, with its ``[settings]``.
        timezone: In which nights are scheduled.
    """
    given = tomllib.loads(mapping.read_text("utf-8")).get("settings", {}).get("churn", {})
    churn = "\n".join(f"{name} = {as_toml(value)}" for name, value in given.items())
    return f"""\
# Settings of this home; docs/OPERATIONS.md lists all. Yours to change.
mapping = {as_toml(in_file(mapping, mapping.parent))}
language = "en"        # of reasons and actions; "es" is Spanish

# What counts as leaving.
[churn]
{churn}

[support]
calls = 100            # how many subscribers support can call on one day

[schedule]
night_at = "02:00"
timezone = {as_toml(timezone)}
"""
