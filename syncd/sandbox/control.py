"""The second port of every sandbox: orders faults, looks inside, and its typed client.

GET    /health             {"status": "ok", "platform": ...}
GET    /state              counts
GET    /faults             the orders, each with how often it was met and fired
POST   /faults             a list of faults; adds
DELETE /faults
POST   /reset              back to the start: records and faults
GET    /ledger/<view>      the sandbox's own truth, as its platform registered it
POST   /actions/<action>   something done from outside the platform's API
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from syncd.core.errors import FixInput, SyncdError
from syncd.sandbox.faults import Fault, FaultCount
from syncd.sandbox.sandbox import Sandbox

_FAULTS = TypeAdapter(list[Fault])
_COUNTS = TypeAdapter(list[FaultCount])


def control_app(platform: str, sandbox: Sandbox) -> web.Application:
    """The control surface of one sandbox."""
    port = _ControlPort(platform, sandbox)
    app = web.Application()
    app.add_routes(
        [
            web.get("/health", port.health),
            web.get("/state", port.state),
            web.get("/faults", port.faults),
            web.post("/faults", port.add_faults),
            web.delete("/faults", port.clear_faults),
            web.post("/reset", port.reset),
            web.get("/ledger/{view:.+}", port.view),
            web.post("/actions/{action:.+}", port.act),
        ]
    )
    return app


class _ControlPort:
    def __init__(self, platform: str, sandbox: Sandbox) -> None:
        self._platform = platform
        self._sandbox = sandbox

    async def health(self, _: web.Request) -> web.Response:
        return _json({"status": "ok", "platform": self._platform})

    async def state(self, _: web.Request) -> web.Response:
        return _json(dict(self._sandbox.state()))

    async def faults(self, _: web.Request) -> web.Response:
        return _json([count.model_dump(mode="json") for count in self._sandbox.faults.counts()])

    async def add_faults(self, request: web.Request) -> web.Response:
        try:
            ordered = _FAULTS.validate_json(await request.read())
        except ValidationError as wrong:
            return _json({"error": str(wrong)}, status=400)
        self._sandbox.faults.add(ordered)
        return _json({"ordered": len(ordered)})

    async def clear_faults(self, _: web.Request) -> web.Response:
        self._sandbox.faults.clear()
        return _json({})

    async def reset(self, _: web.Request) -> web.Response:
        self._sandbox.faults.clear()
        self._sandbox.reset()
        return _json(dict(self._sandbox.state()))

    async def view(self, request: web.Request) -> web.Response:
        name, views = request.match_info["view"], self._sandbox.views
        if name not in views:
            return _json({"error": f"no view {name!r}; known: {sorted(views)}"}, status=404)
        return _json(views[name](dict(request.query)))

    async def act(self, request: web.Request) -> web.Response:
        name, actions = request.match_info["action"], self._sandbox.actions
        if name not in actions:
            return _json({"error": f"no action {name!r}; known: {sorted(actions)}"}, status=404)
        try:
            return _json(actions[name](orjson.loads(await request.read() or b"{}")))
        except (FixInput, orjson.JSONDecodeError) as wrong:
            return _json({"error": str(wrong)}, status=400)


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")


class SandboxControl:
    """Speaks to one sandbox's control port. An async context manager; use one per test or demo.

    Raises ``FixInput`` where the sandbox refuses the order, ``SyncdError`` where it does not answer.
    """

    def __init__(self, control_url: str) -> None:
        self._url = control_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def health(self) -> Mapping[str, str]:
        health: dict[str, str] = await self._ask("GET", "/health")
        return health

    async def state(self) -> Mapping[str, int]:
        """Counts of what the sandbox holds and has served."""
        state: dict[str, int] = await self._ask("GET", "/state")
        return state

    async def order(self, *faults: Fault) -> None:
        """Add faults to the plan."""
        await self._ask("POST", "/faults", [fault.model_dump(mode="json") for fault in faults])

    async def clear_faults(self) -> None:
        await self._ask("DELETE", "/faults")

    async def faults(self) -> Sequence[FaultCount]:
        """The orders and how often each fired."""
        return _COUNTS.validate_python(await self._ask("GET", "/faults"))

    async def reset(self) -> None:
        """Records and faults back to the start."""
        await self._ask("POST", "/reset")

    async def view(self, name: str, **query: str) -> Any:
        """One look inside, such as ``view("invoices", status="paid")``: what the platform registered."""
        return await self._ask("GET", f"/ledger/{name}", query=query)

    async def act(self, name: str, **body: Any) -> Any:
        """One action from outside the platform's API."""
        return await self._ask("POST", f"/actions/{name}", body)

    async def _ask(
        self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None
    ) -> Any:
        if self._session is None:
            raise RuntimeError("use SandboxControl as an async context manager")
        data = None if body is None else orjson.dumps(body)
        try:
            async with self._session.request(method, self._url + path, data=data, params=query) as answer:
                content = await answer.read()
        except aiohttp.ClientError as error:
            raise SyncdError(
                f"the sandbox's control port does not answer ({type(error).__name__})",
                remedy="start it: syncd sandbox serve PLATFORM",
            ) from error
        if answer.status >= 500:
            raise SyncdError(f"the sandbox failed at {method} {path}: {answer.status}")
        value = orjson.loads(content)
        if answer.status >= 400:
            raise FixInput(f"the sandbox refused {method} {path}: {value['error']}")
        return value
