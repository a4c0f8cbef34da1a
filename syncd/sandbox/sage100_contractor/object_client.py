"""The object that takes MBXML, as a caller's process holds it: it stands in for the COM object.

Blocking, for a worker thread. Methods have the names they have on ``IMBXML``.
"""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit


class SandboxObject:
    """One object on the sandbox's machine. It lives as long as its connection: until ``close``, or
    until nobody holds it. Use it from one thread at a time.

    Every method raises ``ConnectionError`` (``TimeoutError`` for no answer in time) where the call
    may or may not have been carried out; the object is gone then, and a new one must be made.
    """

    def __init__(self, object_url: str, *, timeout_s: float = 60.0) -> None:
        """``object_url``: the sandbox's own address. Connects at the first call."""
        self._connection: HTTPConnection | None = None
        self._gone = False
        place = urlsplit(object_url)
        self._address: Final = (place.hostname or "127.0.0.1", place.port or 80)
        self._timeout_s: Final = timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # as a COM object goes when nobody holds it any more
        self.close()

    def close(self) -> None:
        """End the process that holds the object: its licence is free."""
        self._gone = True
        if self._connection is not None:
            self._connection.close()

    def SetDataSource(self, instance: str) -> int:  # noqa: N802
        return self._number("SetDataSource", instance)

    def IntializeAPI(self) -> int:  # noqa: N802
        return self._number("IntializeAPI")

    def EnableRequests(self) -> int:  # noqa: N802
        return self._number("EnableRequests")

    def IsApplicationAllowed(self, user: str, password: str) -> int:  # noqa: N802
        return self._number("IsApplicationAllowed", user, password)

    def IsValidUser(self, company: str, user: str, password: str) -> int:  # noqa: N802
        return self._number("IsValidUser", company, user, password)

    def GetExclusiveAccess(self, company: str, user: str, password: str) -> int:  # noqa: N802
        return self._number("GetExclusiveAccess", company, user, password)

    def submitXML(self, xml: str, password: str) -> str:  # noqa: N802
        """The answer document."""
        answer = self._call("submitXML", xml, password)
        if not isinstance(answer, str):
            raise self._lost("submitXML", "no document came back")
        return answer

    def ReleaseExclusiveAccess(self) -> int:  # noqa: N802
        return self._number("ReleaseExclusiveAccess")

    def DisableRequests(self) -> int:  # noqa: N802
        return self._number("DisableRequests")

    def DeIntializeAPI(self) -> int:  # noqa: N802
        return self._number("DeIntializeAPI")

    def _number(self, method: str, *arguments: str) -> int:
        answer = self._call(method, *arguments)
        if not isinstance(answer, int):
            raise self._lost(method, "no number came back")
        return answer

    def _call(self, method: str, *arguments: str) -> object:
        if self._gone:
            raise ConnectionError(f"{method}: the object is gone; make a new one")
        if self._connection is None:
            connection = HTTPConnection(*self._address, timeout=self._timeout_s)
            connection.connect()
            # the object is this connection's: another one would be another, empty object
            connection.auto_open = 0
            self._connection = connection
        try:
            self._connection.request("POST", f"/object/{method}", json.dumps({"args": arguments}))
            answer = self._connection.getresponse()
            body = answer.read()
        except TimeoutError:
            self.close()
            raise
        except (HTTPException, OSError) as error:
            raise self._lost(method, type(error).__name__) from error
        if answer.status != 200:
            raise self._lost(method, f"status {answer.status}")
        try:
            return json.loads(body)["result"]
        except (ValueError, LookupError, TypeError):
            raise self._lost(method, "not an answer of the object") from None

    def _lost(self, method: str, reason: str) -> ConnectionError:
        self.close()
        return ConnectionError(f"{method}: no usable answer ({reason})")
