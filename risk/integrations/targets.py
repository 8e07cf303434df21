"""Addresses of other systems: what leaves is encrypted on its way."""

from urllib.parse import urlsplit

from perdura.http_calls import check_address


class BadTarget(ValueError):
    """Nothing is sent to such an address."""


def safe(url: str) -> str:
    """The address, if what is sent there is encrypted, or stays on this machine.

    Raises:
        BadTarget: Says what is wrong with it.
    """
    parts, fault = check_address(url)
    if fault == "no address":
        raise BadTarget(f"{url!r} is no address; write https://HOST/PATH")
    if fault == "password":
        raise BadTarget(
            f"an address of {parts.hostname} has a password in it; secrets stay out of settings"
        )
    if fault == "not encrypted":
        raise BadTarget(f"{url!r} is not encrypted; write https://, or name this machine")
    return url


def host_of(url: str) -> str:
    """The machine that an address names, to be said aloud: paths may hold secrets."""
    return urlsplit(url).netloc
