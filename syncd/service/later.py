"""Single decisions as jobs: the same calls as always, carried out after a while in which they can be taken
back, whoever leaves meanwhile."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from syncd.api import endpoints
from syncd.api.conflicts import Resolve, ResolveAll
from syncd.api.endpoint import Endpoint
from syncd.api.requests import Asked, Choices
from syncd.core.errors import FixInput
from syncd.store.sealing import Keeper

CALLS: Final[Mapping[str, Endpoint[Any, Any]]] = {
    one.name: one
    for one in (
        endpoints.CONFLICTS_RESOLVE,
        endpoints.CONFLICTS_RESOLVE_ALL,
        endpoints.MATCH_ACCEPT,
        endpoints.MATCH_REJECT,
        endpoints.HELD_SETTLE,
        endpoints.DRIFT_ACCEPT,
        endpoints.DRIFT_IGNORE,
    )
}
"""The calls that may wait: what they say is refused if what it was said of has changed meanwhile."""


def checked(call: str, asked: Mapping[str, JsonValue], actor: str) -> Asked:
    """What ``call`` will be asked. Pure. Raises ``FixInput`` where it would not be understood."""
    try:
        meant: Asked = CALLS[call].asked.model_validate({**asked, "actor": actor})
    except ValidationError as error:
        names = ", ".join(dict.fromkeys(".".join(map(str, one["loc"])) for one in error.errors()))
        raise FixInput(f"{call} is not asked like that: {names}", remedy="see /api/v1/openapi.json") from None
    if isinstance(meant, ResolveAll) and (meant.dry_run or meant.expect is None):
        raise FixInput("a decision by filter names how many it is about", remedy="give expect, not dry_run")
    return meant


def size(asked: Asked) -> int:
    """How many things it is about. Pure."""
    match asked:
        case Resolve(choices=choices):
            return len(choices)
        case Choices(choices=named):
            return len(named)
        case ResolveAll(expect=int(expect)):
            return expect
    return 1


def kept(asked: Asked, k: Keeper) -> str:
    """As a job keeps it: sealed, for a person may have typed a value."""
    sealed = k.text("job", "asked", asked.model_dump_json(exclude={"actor"}))
    return b64encode(sealed or b"").decode()


def fields(call: str, selection: str, actor: str, k: Keeper) -> dict[str, Any]:
    """The same, back, as the arguments of the call."""
    text = k.open_text("job", "asked", b64decode(selection))
    meant = CALLS[call].asked.model_validate_json(text).model_copy(update={"actor": actor})
    return {name: getattr(meant, name) for name in type(meant).model_fields}
