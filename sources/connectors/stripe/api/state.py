"""What a store of an account says of itself, and of lists that are not read to their end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perdura.sources.connectors.connector import BadConnection, Unavailable

STATE = "state.json"


@dataclass(slots=True)
class Draft:
    """A list that is being read.

    Attributes:
        began: When it was begun, by Stripe's clock, in seconds since 1970.
        since: Objects created before are not asked for; ``None``: all are.
        shape: What is kept of its objects.
        read_at: When the last page was read.
        size: How many bytes of its file count.
        after: The id of the last object, and ``created`` when it was created: where to go on.
        is_whole: Whether its last page was read; then come those created in the meantime.
        is_read: Whether those were read, too.
    """

    began: int
    since: int | None
    shape: str
    read_at: int = 0
    size: int = 0
    after: str | None = None
    created: int | None = None
    is_whole: bool = False
    is_read: bool = False

    def advance(self, last: Mapping[str, Any] | None) -> None:
        """Go on after the last object of a page; ``None``: there are no more pages."""
        if last is None:
            self.after = self.created = None
            self.is_read, self.is_whole = self.is_whole, True
            return
        created = last.get("created")
        self.after, self.created = last["id"], created if isinstance(created, int) else None


@dataclass(slots=True)
class State:
    """What the store says of itself.

    Attributes:
        account: The account of the objects.
        livemode: Whether they are live.
        connector: The connector that keeps it, and erases of it.
        run: When the run began that has not come to its end; ``None`` if there is none.
        whole: By kind, when the last reading that came to its end began, and the ``shape`` of it.
    """

    account: str
    livemode: bool
    connector: str = "stripe"
    run: int | None = None
    whole: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])


def read_state(folder: Path, account: str, *, livemode: bool) -> State:
    """The state of a store; a new one where there is none.

    Raises:
        BadConnection: It is of another account, or of the other mode.
        Unavailable: It cannot be read.
    """
    file = folder / STATE
    try:
        content: Any = json.loads(file.read_text("utf-8"))
        whole = {kind: (int(at), str(shape)) for kind, (at, shape) in content["whole"].items()}
        run = None if content["run"] is None else int(content["run"])
        found = State(str(content["account"]), bool(content["livemode"]), run=run, whole=whole)
    except FileNotFoundError:
        return State(account, livemode)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unavailable(
            f"{file}, which says what was fetched of {account}, cannot be read; delete the folder "
            f"{folder} to fetch it all again"
        ) from None
    if found.account != account:
        raise BadConnection(
            f"the key is of the account {account}, and what was fetched before is of "
            f"{found.account}; give a second account a section of its own: [connect.OTHER] with "
            'connector = "stripe"'
        )
    if found.livemode != livemode:
        modes = ("test mode", "live mode")
        raise BadConnection(
            f"the key is of {modes[livemode]}, and what was fetched before is of "
            f"{modes[found.livemode]}; give one of them a landing of its own"
        )
    return found
