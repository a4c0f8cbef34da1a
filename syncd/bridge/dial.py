"""Keeps the bridge dialled in: one outgoing websocket, dialled again for as long as the program runs.

The back-off is a loop of its own rather than a retry library's: it starts over whenever the hub
welcomed us, waits at once on a request to stop, and never gives up.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from secrets import SystemRandom
from typing import Final

import structlog
from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    TraceConfig,
    WSMsgType,
    WSServerHandshakeError,
)

from syncd.bridge import protocol
from syncd.bridge.desk import Desk
from syncd.bridge.protocol import Message, Welcome
from syncd.core.errors import ForbiddenDestination

log = structlog.get_logger(__name__)

_jitter: Final = SystemRandom()
_SHORT_WAITS: Final = 8
"""So many times in a row it is dialled again soon: a daemon that restarts is back within seconds."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """Where to dial, and how patiently. Seconds."""

    url: str
    """``wss://host/bridge/v1``; ``ws://`` to this machine only (checked where settings are read)."""
    token: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    first_wait_s: float = 0.5
    longest_wait_s: float = 10.0
    """Well below what a command waits for a bridge (30 s): one that is typed while no daemon runs meets a
    bridge that has long been dialling in vain."""
    replaced_wait_s: float = 60.0
    """After another bridge with our token took our place: two that fight would serve nobody."""
    heartbeat_s: float = 5.0
    welcome_s: float = 10.0


class Dial:
    def __init__(self, settings: Dialling, desk: Desk) -> None:
        self._settings = settings
        self._desk = desk

    async def run(self) -> None:
        """Dials for ever; cancel it to stop."""
        failures = 0
        async with ClientSession(trace_configs=[_stay()]) as http:
            while True:
                welcomed, code = await self._once(http)
                failures = 0 if welcomed else failures + 1
                wait = self._wait(failures, code)
                log.info("dialling again", wait_s=round(wait, 1), code=code and int(code))
                await asyncio.sleep(wait)

    def _wait(self, failures: int, code: int | None) -> float:
        if code == protocol.CLOSE_REPLACED:
            log.error("another bridge with this token dialled in: stop one of the two")
            return self._settings.replaced_wait_s
        doubled = min(max(failures - _SHORT_WAITS, 0), 16)
        longest = min(self._settings.longest_wait_s, self._settings.first_wait_s * 2**doubled)
        return _jitter.uniform(longest / 2, longest)

    async def _once(self, http: ClientSession) -> tuple[bool, int | None]:
        """One socket, from dialling to its end: whether it was welcomed, and the close code."""
        try:
            async with asyncio.timeout(self._settings.welcome_s):
                ws = await http.ws_connect(
                    self._settings.url,
                    headers={"Authorization": f"Bearer {self._settings.token}"},
                    heartbeat=self._settings.heartbeat_s,
                    max_msg_size=protocol.FRAME_BYTES,
                    ssl=self._settings.tls or True,
                )
        except WSServerHandshakeError as refusal:
            log.error("the daemon refuses this bridge", status=refusal.status)
            return False, refusal.status
        except ForbiddenDestination as refusal:
            log.error(refusal.message)
            return False, None
        except (ClientError, OSError, TimeoutError) as trouble:
            log.warning("the daemon cannot be reached", trouble=type(trouble).__name__)
            return False, None
        try:
            return await self._speak(ws)
        except ConnectionError as trouble:
            # it went while we spoke to it; whoever reads also answers pings
            log.warning("the daemon has gone", trouble=type(trouble).__name__)
            return False, None
        finally:
            await ws.close()

    async def _speak(self, ws: ClientWebSocketResponse) -> tuple[bool, int | None]:
        await ws.send_bytes(protocol.encode(self._desk.hello))
        try:
            first = await ws.receive(timeout=self._settings.welcome_s)
        except TimeoutError:
            log.error("the daemon did not answer this bridge's hello")
            return False, None
        welcome = _said(first.data) if first.type is WSMsgType.BINARY else None
        if not isinstance(welcome, Welcome):
            log.error("the daemon did not welcome this bridge", code=ws.close_code, reason=first.extra)
            return False, ws.close_code
        log.info("dialled in", connection=welcome.connection)
        outgoing: asyncio.Queue[tuple[Message, bytes]] = asyncio.Queue()
        writer = asyncio.create_task(_write(ws, outgoing))
        self._desk.attach(lambda message, body: outgoing.put_nowait((message, body)))
        try:
            async for frame in ws:
                if frame.type is not WSMsgType.BINARY:
                    break
                message = _said(frame.data)
                if message is None:
                    log.error("the daemon sent an unreadable message")
                    break
                if not isinstance(message, Welcome):
                    self._desk.heard(message)
        finally:
            self._desk.detach()
            writer.cancel()
        return True, ws.close_code


def _stay() -> TraceConfig:
    """Requests are executed for whoever answers, so the answer must come from the host we were given."""

    async def refuse(_session: ClientSession, _context: object, _redirect: object) -> None:
        raise ForbiddenDestination(
            "the daemon's address answers with a redirect, which a bridge does not follow",
            remedy="set hub_url to the address of the daemon itself",
        )

    trace = TraceConfig()
    trace.on_request_redirect.append(refuse)
    return trace


def _said(frame: bytes) -> protocol.FromHub | None:
    try:
        return protocol.from_hub(frame)
    except ValueError:
        return None


async def _write(ws: ClientWebSocketResponse, outgoing: asyncio.Queue[tuple[Message, bytes]]) -> None:
    """Until cancelled, or until the socket is gone: the reader notices, and what was lost is said again."""
    while True:
        message, body = await outgoing.get()
        try:
            await ws.send_bytes(protocol.encode(message))
            if isinstance(message, protocol.Answer):
                for part in protocol.parts(message.id, body):
                    await ws.send_bytes(protocol.encode(part))
        except ConnectionError:
            return
