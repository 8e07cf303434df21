"""One section ``[connect.NAME]`` of a mapping: where a vendor's data are."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from perdura.sources.connectors.connector import BadConnection, Unavailable


class Options(BaseModel):
    """The keys that a connector's section may have; each connector has a class of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


_Options = TypeVar("_Options", bound=Options)


@dataclass(frozen=True, slots=True)
class ApiSample:
    """How much of an API is read where a mapping is only tried out.

    Attributes:
        most: About how many objects of each list.
        read: What was not read to its end, in words that follow "of": "the first 500 invoices".
    """

    most: int
    read: list[str] = field(default_factory=list[str])

    def cut(self, count: int, kind: str) -> bool:
        """Whether a list is read no further after so many objects of a kind."""
        if count < self.most:
            return False
        self.read.append(f"the first {count:,} {kind.replace('_', ' ')}")
        return True


@dataclass(frozen=True, slots=True)
class Connection:
    """A section ``[connect.NAME]``.

    Attributes:
        name: NAME; frames are named ``NAME:frame``.
        connector: The vendor; NAME, unless the section says ``connector = "..."``.
        options: Its other keys, as they stand: ``$VARIABLES`` are not filled in.
        mapping: The mapping file; paths start at its folder.
        wanted: The frames that the mapping names. No other need be fetched.
        scratch: A folder of its own for downloads; it and all in it are gone when the extract ends.
        store: A folder of its own in the landing, for what is fetched once and needed again. It
            stays, so an erasure has to reach it (docs/CONNECTORS.md).
        is_forgotten: Whether an id is one of a forgotten subscriber, who goes into no store.
        on_progress: Called with what is being done, in words.
        sample: How much of an API to read; ``None``: all. What was read so is not to be kept.
    """

    name: str
    connector: str
    options: Mapping[str, object]
    mapping: Path
    wanted: frozenset[str] = frozenset()
    scratch: Path = field(default_factory=lambda: Path(os.devnull))
    store: Path = field(default_factory=lambda: Path(os.devnull))
    is_forgotten: Callable[[str], bool] = frozenset[str]().__contains__
    on_progress: Callable[[str], object] = str
    sample: ApiSample | None = None

    @property
    def location(self) -> str:
        """Where the section stands, as messages name it."""
        return f"{self.mapping.name}, section [connect.{self.name}]"

    def read_options(self, kind: type[_Options]) -> _Options:
        """The options as the connector's own class.

        Raises:
            BadConnection: One is unknown, missing or means nothing. No value is repeated: it may
                be a secret.
        """
        for name in self.options:
            if name not in kind.model_fields:
                raise BadConnection(
                    f"{self.location}: no such key {name!r}{or_rather(name, kind.model_fields)}"
                )
        try:
            return kind.model_validate(dict(self.options))
        except ValidationError as error:
            faults = (
                f"{'.'.join(map(str, fault['loc']))}: "
                f"{fault['msg'].removeprefix('Value error, ').lower()}"
                for fault in error.errors(include_input=False, include_context=False)
            )
            raise BadConnection(f"{self.location}: {'; '.join(faults)}") from None

    def folder(self, path: str) -> Path:
        """A folder that an option names: variables filled in, from the mapping's folder on.

        Raises:
            BadConnection: It uses a variable that is not set.
            Unavailable: There is no such folder.
        """
        filled = os.path.expandvars(path)
        if unset := re.search(r"\$\{?(\w+)\}?", filled):
            raise BadConnection(
                f"{self.location}: folder {path!r} uses the environment variable {unset[1]}, which "
                "is not set; set it or write the path out"
            )
        found = self.mapping.parent / Path(filled).expanduser()
        if not found.is_dir():
            raise Unavailable(
                f"no folder {path!r} of {self.connector}: there is no {found}; export into it, or "
                f"write in [connect.{self.name}] where the export lies"
            )
        return found

    def secret(self, option: str, value: str) -> str:
        """What the environment variable holds that an option names, as ``$STRIPE_API_KEY``.

        Raises:
            BadConnection: The option is no variable's name, or the variable is not set. The value
                is not repeated.
        """
        named = re.fullmatch(r"\$\{?(\w+)\}?", value)
        if not named:
            raise BadConnection(
                f"{self.location}: {option} is written out, and a secret belongs in the "
                f'environment: set a variable and write {option} = "$NAME_OF_IT"'
            )
        if not (secret := os.environ.get(named[1])):
            raise BadConnection(
                f"{self.location}: {option} is the environment variable {named[1]}, which is not "
                "set; set it where extracts run"
            )
        return secret

    def shown(self, file: Path) -> str:
        """A file as reports name it: from the mapping's folder on, where it lies below."""
        folder = self.mapping.parent
        return str(file.relative_to(folder) if file.is_relative_to(folder) else file)


def or_rather(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the closest names that exist, or all of them."""
    names = sorted(known)
    close = get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    there = ", ".join(names) or "none"
    return f"; did you mean {', '.join(close)}?" if close else f"; there is {there}"
