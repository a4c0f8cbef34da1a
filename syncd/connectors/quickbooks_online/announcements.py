"""What Intuit's webhooks hint at, in both shapes they come in. Pure; who sent them is proven elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from syncd.connectors.quickbooks_online.entities import KINDS
from syncd.core.errors import UnreadableAnswer

_ENTITIES: Final[Mapping[str, str]] = {kind.name.lower(): entity for entity, kind in KINDS.items()}


class _Event(msgspec.Struct):
    """CloudEvents: ``type`` is ``qbo.invoice.created.v1``."""

    type: str
    intuitentityid: str
    intuitaccountid: str


class _Change(msgspec.Struct, rename="camel"):
    name: str
    id: str
    deleted_id: str = ""


class _Changes(msgspec.Struct):
    entities: list[_Change]


class _Notification(msgspec.Struct, rename="camel"):
    realm_id: str
    data_change_event: _Changes


class _Legacy(msgspec.Struct, rename="camel"):
    event_notifications: list[_Notification]


def hints(body: bytes, realm: str) -> Sequence[tuple[str, str]]:
    """(entity, key) of every record of this company, each once; one delivery may be about several companies.
    Raises ``UnreadableAnswer``."""
    try:
        found = msgspec.json.decode(body, type=Any)
        events = _cloud(found, realm) if isinstance(found, list) else _legacy(found, realm)
        named = [(_ENTITIES.get(name.lower()), key) for name, key in events]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UnreadableAnswer("quickbooks-online: a delivery is not what the API promises") from None
    if isinstance(found, list) and not found:
        raise UnreadableAnswer("quickbooks-online: a delivery without an event")
    return list(dict.fromkeys((entity, key) for entity, key in named if entity is not None and key))


def _cloud(found: list[Any], realm: str) -> Iterator[tuple[str, str]]:
    for event in msgspec.convert(found, list[_Event]):
        about = event.type.split(".")
        if event.intuitaccountid == realm and len(about) > 1:
            yield about[1], event.intuitentityid


def _legacy(found: Any, realm: str) -> Iterator[tuple[str, str]]:
    for told in msgspec.convert(found, _Legacy).event_notifications:
        if told.realm_id == realm:
            for change in told.data_change_event.entities:
                yield change.name, change.id
                # a merge: the other one is gone
                yield change.name, change.deleted_id
