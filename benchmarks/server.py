"""A platform that is never the limit: HTTP/1.1 by hand over ``asyncio.Protocol``, answers built before.

``left`` lists ``--records`` invoices, ``right`` is an empty ledger that takes every write. A request
with ``since`` is answered with an empty page. Runs in a process of its own, on a core of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from benchmarks.wire import FIRST_ID, PAGE, body, envelope

_EMPTY = envelope([], 1)


class Pages:
    """The listing of the left platform, and keys for what is written to the right one."""

    def __init__(self, records: int) -> None:
        bodies = [body(number) for number in range(records)]
        slices = [bodies[at : at + PAGE] for at in range(0, records, PAGE)] or [[]]
        self.answers = [_answer(envelope(one, len(slices))) for one in slices]
        self.keys = count(1)
        self.latency_s = 0.0

    def answer(self, method: bytes, path: bytes, payload: bytes) -> bytes:
        """The whole answer to one request."""
        side, _, rest = path[1:].partition(b"/")
        if method in (b"POST", b"PUT"):
            if side == b"latency":
                self.latency_s = int(rest) / 1000
                return _answer(b"{}")
            return _answer(b'{"id":%d,' % next(self.keys) + payload[1:])
        _, _, query = rest.partition(b"?")
        if not query:
            return _answer(body(int(rest.rpartition(b"/")[2]) - FIRST_ID))
        if side == b"right" or b"since=" in query:
            return _answer(_EMPTY)
        at = next(int(part[5:]) for part in query.split(b"&") if part.startswith(b"page=")) - 1
        return self.answers[at] if at < len(self.answers) else _answer(_EMPTY)


def _answer(payload: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(payload) + payload


class Serve(asyncio.Protocol):
    """One connection, one request after the other."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        while (end := received.find(b"\r\n\r\n")) >= 0:
            head = received[:end]
            whole = end + 4 + _length(head)
            if len(received) < whole:
                break
            method, path, _ = head.split(b" ", 2)
            answer = self._pages.answer(method, path, received[end + 4 : whole])
            received = received[whole:]
            if self._pages.latency_s:
                asyncio.get_running_loop().call_later(self._pages.latency_s, self._transport.write, answer)
            else:
                self._transport.write(answer)
        self._received = received


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def serve(records: int) -> None:
    """Until killed; the port is the first line on stdout."""
    pages = Pages(records)
    server = await asyncio.get_running_loop().create_server(lambda: Serve(pages), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running(records: int, *, pinned: bool = True) -> Iterator[str]:
    """The server in a process of its own. Gives its address. Client and server get a core each if there are
    two: this process is ``pinned``, too. Not where it starts others that do the work: they would all have
    the one core."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", "--records", str(records)], stdout=subprocess.PIPE
    )
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    pinned = pinned and len(cores) > 1
    if pinned:
        os.sched_setaffinity(process.pid, {cores[1]})
        os.sched_setaffinity(0, {cores[0]})
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        if pinned:
            os.sched_setaffinity(0, set(cores))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=PAGE)
    asyncio.run(serve(parser.parse_args().records))
