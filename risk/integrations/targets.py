"""Addresses of other systems: what leaves is encrypted on its way."""

import logging
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

_LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))


class BadTarget(ValueError):
    """Nothing is sent to such an address."""


#: For httpx: what stays on this machine goes through no proxy, whatever the environment says.
NO_PROXY: dict[str, None] = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}


def safe(url: str) -> str:
    """The address, if what is sent there is encrypted, or stays on this machine.

    Raises:
        BadTarget: Says what is wrong with it.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise BadTarget(f"{url!r} is no address: {error}") from error
    if not host or parts.scheme not in ("https", "http") or not url.isprintable():
        raise BadTarget(f"{url!r} is no address; write https://HOST/PATH")
    if parts.username is not None or parts.password is not None:
        raise BadTarget(f"an address of {host} has a password in it; secrets stay out of settings")
    on_this_machine = host == "localhost"
    with suppress(ValueError):
        on_this_machine |= ip_address(host) in _LOOPBACK
    if parts.scheme == "http" and not on_this_machine:
        raise BadTarget(f"{url!r} is not encrypted; write https://, or name this machine")
    return url


def log_no_calls() -> None:
    """Let httpx log no addresses: paths name people, and may hold secrets."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def host_of(url: str) -> str:
    """The machine that an address names, to be said aloud: paths may hold secrets."""
    return urlsplit(url).netloc
