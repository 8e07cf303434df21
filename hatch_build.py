"""Put the rooms into the wheel as ``perdura.<room>``; in a checkout they are links to them.

Links are not followed: hatchling leaves linked folders out of an sdist, so that a wheel that was
built from one would be empty. An editable install needs no copies: they would soon be stale.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOMS = ("sources", "features", "models", "risk", "flows")


class Rooms(BuildHookInterface):
    """Ship each room inside the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map each room's folder to its place in the wheel."""
        if version != "editable":
            build_data["force_include"] |= {room: f"perdura/{room}" for room in ROOMS}
