"""What a setting may be, where its type does not say it: lists, addresses, files."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from perdura.risk.store.postgres import is_postgres
from perdura.risk.store.sqlite import database_file


class NoSuchFile(ValueError):
    """A setting names a file that is not there. Nothing was done."""


def refuse_missing(files: Iterable[tuple[str, Path | None]]) -> None:
    """Nothing, if each setting that names a file names one that is there.

    Args:
        files: Name of the setting and its value.

    Raises:
        NoSuchFile: Says which is not.
    """
    wrong = [
        f"setting {name} names {path.absolute()}, which "
        f"{'is a folder' if path.is_dir() else 'does not exist'}; write the path of the file"
        for name, path in files
        if path and not path.is_file()
    ]
    if wrong:
        raise NoSuchFile("; ".join(wrong))


def _listed(value: Any) -> Any:
    """A list as JSON writes it, or texts between commas; one text is a list of one."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError(
                f'write a, b or ["a", "b"]; as JSON it cannot be read: {error}'
            ) from None
    return [text for piece in value.split(",") if (text := piece.strip())]


def _address(url: str) -> str:
    """What stands after the host may be a secret, and is not repeated."""
    parts = _split(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("an address needs https:// and a host; write https://HOST/PATH")
    return url


def _origin(origin: str) -> str:
    parts = _split(origin)
    if origin != "*" and (not parts.scheme or not parts.hostname or parts.path or parts.query):
        raise ValueError(f"{origin!r} is no origin of pages; write https://HOST, without a path")
    return origin


def _scheduler(address: str) -> str:
    if address != "local" and not (_split(address).scheme and _split(address).hostname):
        raise ValueError(f"{address!r} is no cluster; write local, or tcp://HOST:8786")
    return address


def _store(url: str) -> str:
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(
            "is no address; write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        ) from None
    if not is_postgres(url):
        database_file(url)
    return url


def _split(url: str) -> Any:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("is no address: its host or port cannot be read") from None
    return parts


#: In the environment ``a, b`` or ``["a", "b"]``.
Listed = BeforeValidator(_listed)

Address = Annotated[str, AfterValidator(_address)]
Origin = Annotated[str, AfterValidator(_origin)]
Scheduler = Annotated[str, AfterValidator(_scheduler)]
StoreUrl = Annotated[str, AfterValidator(_store)]


def in_capitals(code: object) -> object:
    """A currency's code as ISO 4217 writes it."""
    return code.strip().upper() if isinstance(code, str) else code


Currency = Annotated[str, BeforeValidator(in_capitals), Field(pattern="^[A-Z]{3}$")]
