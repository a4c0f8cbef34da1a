"""One request, sent once, and what came back, within limits: no retry, no login, no opinion.

aiohttp does the wire. What is added: the destination guard, no redirects, no cookies of its own, a
cap on the body before and after decompression, and the distinction between *never sent* and *lost*.
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp.typedefs import Query
from multidict import CIMultiDictProxy

from syncd import __version__
from syncd.core.errors import FixInput, Place
from syncd.core.outcome import ErrorClass
from syncd.http.answer import Answer
from syncd.http.destination import Destination, GuardedResolver
from syncd.http.outcomes import Exchange, Lost, NotSent, body_matters

DEFAULT_MAX_BODY_BYTES: Final = 16 * 1024 * 1024
"""A page larger than this is asked for in smaller pages; raw and decompressed alike."""
_RATIO: Final = 200
_RATIO_FLOOR_BYTES: Final = 1024 * 1024
"""Above a megabyte, more than 200 times what was sent is a bomb: JSON compresses to about a tenth."""
_REMARK_BYTES: Final = 64 * 1024
"""What is read of a body that nothing depends on, so that the connection can be used again."""
_CONNECT_S: Final = 10.0
_KEEP_ALIVE_S: Final = 15.0


class Transport:
    """The session of one connection. Made on first use, so that building a connector does no I/O."""

    def __init__(
        self,
        destination: Destination,
        *,
        timeout_s: float,
        max_body_bytes: int,
        ca_file: Path | None,
        private_network: bool,
        accept: str,
        explained: frozenset[int] = frozenset(),
    ) -> None:
        self.destination = destination
        self._timeout_s = timeout_s
        self._max_body_bytes = max_body_bytes
        self._ca_file = ca_file
        self._private_network = private_network
        self._explained = explained
        self._json = accept == "application/json"
        self._headers = {
            "Accept": accept,
            "Accept-Encoding": "gzip",
            "User-Agent": f"syncd/{__version__}",
        }
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Query = None,
        data: bytes | None = None,
        headers: Mapping[str, str],
    ) -> Exchange:
        """Send one request, once, and read its answer.

        Raises ``ForbiddenDestination`` before anything is sent, and ``FixInput`` for a bad CA file.
        """
        url = self.destination.url(path)
        session = self._session or self._open()
        try:
            async with session.request(
                method,
                url,
                params=params,
                data=data,
                headers=headers,
                allow_redirects=False,
                middlewares=() if method in _NEVER_REPEATED else _SEND_ONCE,
            ) as response:
                return await self._answer(response)
        except aiohttp.ClientConnectorCertificateError:
            return NotSent(f"the certificate of {self.destination.host} is not trusted")
        except aiohttp.ClientConnectorDNSError:
            return NotSent(f"the name {self.destination.host} cannot be resolved")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return NotSent(f"{self.destination.host} cannot be reached")
        except TimeoutError:
            return Lost(ErrorClass.CONNECTION, f"no answer within {self._timeout_s:g} s")
        except aiohttp.ClientResponseError:
            return Lost(ErrorClass.PARSE, "the answer is not HTTP")
        except (aiohttp.ClientError, OSError) as error:
            return Lost(ErrorClass.CONNECTION, f"the connection broke ({type(error).__name__})")

    async def close(self) -> None:
        """Close every socket. Safe to call twice; a later ``send`` opens a new session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        resolver = GuardedResolver(private_network=self._private_network, loopback=self.destination.loopback)
        connector = aiohttp.TCPConnector(
            limit=0,  # the budget limits; a second queue here would time out unseen
            ssl=_tls(self._ca_file),
            resolver=resolver,
            keepalive_timeout=_KEEP_ALIVE_S,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=self._timeout_s,
                # well before the total: a time out while connecting proves that nothing was sent
                connect=min(_CONNECT_S, self._timeout_s / 2),
            ),
        )
        return self._session

    async def _answer(self, response: aiohttp.ClientResponse) -> Exchange:
        status, headers = response.status, response.headers
        if not body_matters(status) and status not in self._explained:
            await _drain(response)
            return Answer(status, headers, b"")
        try:
            raw = await self._read(response)
            body = self._decoded(raw, headers)
            self._check(status, headers, body)
        except _Unreadable as found:
            if status in self._explained:
                return Answer(status, headers, b"")  # without an explanation it is what its status says
            return Lost(found.error_class, f"HTTP {status}: {found}", status)
        except TimeoutError:
            words = f"HTTP {status}: no whole body within {self._timeout_s:g} s"
            return Lost(ErrorClass.CONNECTION, words, status)
        except (aiohttp.ClientError, OSError):
            return Lost(ErrorClass.PARSE, f"HTTP {status}: the body is cut off", status)
        return Answer(status, headers, body)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        most = self._max_body_bytes
        if response.content_length is not None:
            if response.content_length > most:
                raise _too_large(most)
            return await response.read()
        chunks = []
        size = 0
        while chunk := await response.content.readany():
            size += len(chunk)
            if size > most:
                raise _too_large(most)
            chunks.append(chunk)
        return b"".join(chunks)

    def _decoded(self, raw: bytes, headers: CIMultiDictProxy[str]) -> bytes:
        encoding = headers.get("Content-Encoding", "identity").strip().lower()
        if encoding == "identity" or not raw:
            return raw
        if encoding not in {"gzip", "x-gzip"}:
            raise _Unreadable("the body has an encoding that was not asked for")
        most = min(self._max_body_bytes, max(_RATIO_FLOOR_BYTES, _RATIO * len(raw)))
        decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            body = decoder.decompress(raw, most)
        except zlib.error:
            raise _Unreadable("the compressed body is damaged") from None
        if decoder.unconsumed_tail:
            raise _too_large(most)
        if not decoder.eof or decoder.unused_data:
            raise _Unreadable("the compressed body is cut off or followed by something else")
        return body

    def _check(self, status: int, headers: CIMultiDictProxy[str], body: bytes) -> None:
        if not self._json or status in (204, 205) or (not body and status >= 400):
            return  # a refusal may be without a word; it is a page of HTML that nobody's API sent
        ends = body[:64].lstrip()[:1] + body[-64:].rstrip()[-1:]
        if ends not in _JSON_ENDS:
            if not body:
                raise _Unreadable("an empty body where JSON was promised")
            if ends[:1] == b"<" or "html" in headers.get("Content-Type", ""):
                raise _Unreadable("a web page (a login or error page?) where JSON was promised")
            raise _Unreadable("a body that is no JSON document, or half of one")


_JSON_ENDS: Final = frozenset({b"{}", b"[]"})
"""First and last byte of a JSON document: enough to see a page of HTML or a body cut short, without
parsing what may be parsed only if it changed."""


class _Unreadable(Exception):
    """Internal to this module: becomes ``Lost``."""

    def __init__(self, words: str, error_class: ErrorClass = ErrorClass.PARSE) -> None:
        super().__init__(words)
        self.error_class = error_class


def _too_large(most: int) -> _Unreadable:
    return _Unreadable(f"the body is larger than {most} bytes", ErrorClass.TOO_LARGE)


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a small body away, so that the connection lives on; else it is closed with the response."""
    if (response.content_length or 0) > _REMARK_BYTES:
        response.close()
        return
    size = 0
    try:
        while chunk := await response.content.readany():
            size += len(chunk)
            if size > _REMARK_BYTES:
                response.close()
                return
    except (aiohttp.ClientError, OSError):
        # the status says all that is used; a body that breaks off adds nothing to it
        response.close()


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keeps aiohttp from sending GET, PUT and DELETE a second time by itself when a connection breaks."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError("the connection broke after the request was sent") from error


_SEND_ONCE: Final = (_send_once,)
_NEVER_REPEATED: Final = frozenset({"POST", "PATCH"})
"""What aiohttp sends once anyway: nearly all writes, which need not pay for keeping it from more."""


@lru_cache(maxsize=32)
def _tls(ca_file: Path | None) -> ssl.SSLContext:
    """A verifying context (TLS 1.2 or later); there is no other. Loading the system's roots takes
    milliseconds, so connections share it."""
    try:
        context = ssl.create_default_context()
        if ca_file is not None:
            context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise FixInput(
            "the CA file cannot be read as PEM certificates",
            place=Place(str(ca_file)),
            remedy="give the certificate of the authority that signed the platform's certificate, as PEM",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
