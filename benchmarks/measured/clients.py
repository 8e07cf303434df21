"""Clients that send the next request as soon as the last is answered, over sockets that stay open.

A library for HTTP takes longer to read an answer than the server to give it.
"""

import asyncio
import re
from collections.abc import Sequence
from time import perf_counter
from urllib.parse import urlsplit

from perdura.risk.desk.session import SESSION

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


async def latencies(
    base: str, token: str, paths: Sequence[str], clients: int, seconds: float
) -> list[float]:
    """Seconds of each answer, as many as came within ``seconds``; the first of each client is
    left out, unless it is the only one.

    Raises:
        RuntimeError: An answer was not 200.
    """
    until = perf_counter() + seconds
    parts = (paths[client::clients] for client in range(clients))
    found = await asyncio.gather(*(_client(base, token, part, until) for part in parts))
    return [latency for client in found for latency in client[1:] or client]


async def _client(base: str, token: str, paths: Sequence[str], until: float) -> list[float]:
    address = urlsplit(base)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    found = []
    for path in paths:
        start = perf_counter()
        if start > until:
            break
        # Programs show the header, and browsers the cookie.
        held = f"Authorization: Bearer {token}\r\nCookie: {SESSION}={token}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{held}\r\n\r\n".encode())
        await _answered(reader)
        found.append(perf_counter() - start)
    writer.close()
    return found


async def _answered(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if not head.startswith(b"HTTP/1.1 200") or not length:
        raise RuntimeError(f"not an answer: {head[:200]!r}")
    await reader.readexactly(int(length[1]))
