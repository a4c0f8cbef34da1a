"""The same audit for who acts in this process as for who acts through the control API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from syncd.api.endpoint import Endpoint, Form
from syncd.api.endpoints import ENDPOINTS
from syncd.api.errors import problem
from syncd.api.requests import Asked
from syncd.core.errors import SyncdError
from syncd.ports.desk import Action

Audit = Callable[[Action], Awaitable[object]]
"""Durable when it returns: nothing is done before it stands in the audit who asked for it."""


class Audited:
    """Stands in front of an ``Operator`` or ``Keys``: every call that acts is noted before it is done, and
    once more if it fails. What only looks goes straight through."""

    def __init__(self, answering: object, audit: Audit) -> None:
        self._answering = answering
        self._audit = audit

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._answering, name)
        call = next((one for one in ENDPOINTS if one.name == name and one.acts), None)
        if call is None:
            return method
        return self._streamed(call, method) if call.form is Form.LINES else self._asked(call, method)

    def _asked(self, call: Endpoint[Asked, object], method: Callable[..., Any]) -> Callable[..., Any]:
        async def act(*positional: Any, **named: Any) -> object:
            done = _action(call, positional, named)
            await self._audit(done)
            try:
                return await method(*positional, **named)
            except SyncdError as error:
                await self._audit(failed(done, error))
                raise

        return act

    def _streamed(self, call: Endpoint[Asked, object], method: Callable[..., Any]) -> Callable[..., Any]:
        async def act(*positional: Any, **named: Any) -> AsyncIterator[object]:
            done = _action(call, positional, named)
            await self._audit(done)
            try:
                async for line in method(*positional, **named):
                    yield line
            except SyncdError as error:
                await self._audit(failed(done, error))
                raise

        return act


def _action(call: Endpoint[Asked, object], positional: tuple[Any, ...], named: dict[str, Any]) -> Action:
    """The fields of a call's request stand in the order of its method's parameters."""
    return asked(call, {**dict(zip(call.asked.model_fields, positional, strict=False)), **named})


def asked(call: Endpoint[Asked, object], fields: dict[str, Any], holder: str = "") -> Action:
    """The line of the audit for ``call``. Pure. ``holder``: of the token, where no actor was named."""
    said = {name: value for name, value in fields.items() if value is not None}
    actor = said.pop("actor", "") or holder
    text = json.dumps(said, ensure_ascii=False, default=str)
    return Action(actor, call.name, str(said.get("link", "")), "asked", text)


def failed(done: Action, error: SyncdError) -> Action:
    """What was asked failed: the kind of error, which holds no value of anybody's. Pure."""
    return Action(done.actor, done.name, done.link, problem(error, "")[1].kind, "")
