"""The daemon's end of the bridges: who may dial in, and which channel their socket serves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from syncd.bridge import protocol
from syncd.bridge.channel import Channel, Limits
from syncd.bridge.protocol import Hello, Message, Welcome
from syncd.ports import BridgeChannel
from syncd.secrets.bearer import matches

log = structlog.get_logger(__name__)


class _Socket:
    """One websocket with its own writer, so that nobody who speaks on it ever waits for it."""

    def __init__(self, ws: web.WebSocketResponse) -> None:
        self.ws = ws
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()

    def post(self, message: Message) -> None:
        self._outgoing.put_nowait(message)

    async def write(self) -> None:
        """Runs until cancelled or the socket is gone (the reader notices and ends the session)."""
        while True:
            message = await self._outgoing.get()
            try:
                await self.ws.send_bytes(protocol.encode(message))
            except ConnectionError:
                return


class BridgeHub:
    """One channel per connection name.

    ``tokens``: connection -> ``bearer.digest`` of its bridge's token. ``handler`` is the aiohttp handler of
    ``protocol.PATH``.
    """

    def __init__(self, tokens: Mapping[str, str], limits: Limits | None = None) -> None:
        self._tokens = dict(tokens)
        self._limits = limits or Limits()
        self._channels = {name: Channel(name, self._limits) for name in self._tokens}
        self._sockets: dict[str, _Socket] = {}
        self._closing: set[asyncio.Task[bool]] = set()

    def channel(self, connection: str) -> BridgeChannel:
        """Always there, connected or not. A connection without a token never gets a bridge."""
        return self._channels.setdefault(connection, Channel(connection, self._limits))

    def connection_of(self, token: str) -> str | None:
        """The connection a token is bound to. Looks at every digest, equal or not, in constant time each."""
        found = None
        for connection, known in self._tokens.items():
            if matches(token, known):
                found = connection
        return found

    async def handler(self, request: web.Request) -> web.StreamResponse:
        """Serves one bridge until its socket ends. 401 for a token that is not known."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        connection = self.connection_of(token) if scheme.lower() == "bearer" else None
        if connection is None:
            log.warning("bridge refused", peer=request.remote, reason="unknown token")
            raise web.HTTPUnauthorized(text="this token is not known here")
        ws = web.WebSocketResponse(heartbeat=self._limits.heartbeat_s, max_msg_size=protocol.FRAME_BYTES)
        await ws.prepare(request)
        # whoever reads also answers pings: a bridge that has just gone shows there too, and is no trouble
        with suppress(ConnectionError):
            hello = await self._hello(ws)
            if hello is not None:
                await self._serve(connection, _Socket(ws), hello)
        return ws

    async def close(self) -> None:
        """Ends every socket; the bridges dial again."""
        for socket in list(self._sockets.values()):
            await socket.ws.close(code=WSCloseCode.GOING_AWAY, message=b"the daemon stops")

    async def _hello(self, ws: web.WebSocketResponse) -> Hello | None:
        try:
            said = protocol.from_bridge(await ws.receive_bytes(timeout=self._limits.hello_s))
        except (TimeoutError, TypeError, ValueError):
            said = None
        if isinstance(said, Hello) and said.protocol == protocol.PROTOCOL:
            return said
        reason = f"this daemon speaks bridge protocol {protocol.PROTOCOL}"
        await ws.close(code=protocol.CLOSE_PROTOCOL, message=reason.encode())
        return None

    async def _serve(self, connection: str, socket: _Socket, hello: Hello) -> None:
        self._replace(connection, socket)
        channel = self._channels[connection]
        log.info("bridge connected", connection=connection, version=hello.version)
        writer = asyncio.create_task(socket.write())
        socket.post(Welcome(protocol.PROTOCOL, connection))
        channel.attach(socket.post, hello.journal)
        try:
            await self._read(connection, socket, channel)
        finally:
            channel.detach(socket.post)
            if self._sockets.get(connection) is socket:
                del self._sockets[connection]
            writer.cancel()
            code = socket.ws.close_code
            log.info("bridge disconnected", connection=connection, code=code and int(code))

    def _replace(self, connection: str, socket: _Socket) -> None:
        """The newest socket serves: a half-open one must not keep a living bridge out."""
        older = self._sockets.get(connection)
        self._sockets[connection] = socket
        if older is None:
            return
        log.warning("bridge replaced: another one dialled in with the same token", connection=connection)
        self._channels[connection].detach(older.post)
        # not awaited here: the other end of a half-open socket never answers the close
        closing = asyncio.create_task(
            older.ws.close(code=protocol.CLOSE_REPLACED, message=b"another bridge dialled in")
        )
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _read(self, connection: str, socket: _Socket, channel: Channel) -> None:
        async for frame in socket.ws:
            if self._sockets.get(connection) is not socket:
                return
            if frame.type is not WSMsgType.BINARY:
                continue
            try:
                message = protocol.from_bridge(frame.data)
            except ValueError:
                log.warning("bridge sent an unreadable message", connection=connection)
                await socket.ws.close(code=WSCloseCode.INVALID_TEXT, message=b"unreadable message")
                return
            if not isinstance(message, Hello):
                channel.heard(message)
