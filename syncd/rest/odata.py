"""OData as its platforms speak it: literals and filters of versions 3 and 4, expansion, ETags. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal

NEXT_LINK: Final = "@odata.nextLink"
ETAG: Final = "@odata.etag"
COUNT: Final = "@odata.count"

Version = Literal[3, 4]


def literal(value: str | int | bool | Decimal | date | datetime | None, version: Version = 4) -> str:
    """A value as a filter writes it: quotes doubled, times with their zone. Raises ``ValueError`` for a
    time without one."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        text = value.isoformat(timespec="milliseconds")
        return f"datetimeoffset'{text}'" if version == 3 else text.replace("+00:00", "Z")
    if isinstance(value, date):
        return f"datetime'{value.isoformat()}'" if version == 3 else value.isoformat()
    if isinstance(value, Decimal | int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def instant(text: str, version: Version = 4) -> str:
    """The literal of an instant that is written as ISO text already."""
    return f"datetimeoffset'{text}'" if version == 3 else text


def equals(field: str, value: str | int | bool | Decimal, version: Version = 4) -> str:
    return f"{field} eq {literal(value, version)}"


def contains(field: str, text: str, version: Version = 4) -> str:
    """Version 3 asks with its arguments the other way round."""
    quoted = literal(text, version)
    return f"substringof({quoted},{field})" if version == 3 else f"contains({field},{quoted})"


def all_of(*filters: str) -> str:
    """Every filter that is not empty, joined by ``and``."""
    wanted = [text for text in filters if text]
    return wanted[0] if len(wanted) == 1 else " and ".join(f"({text})" for text in wanted)


Expansion = Mapping[str, "Expansion"]
"""Navigation property -> what is expanded below it."""


def expand(tree: Expansion, version: Version = 4) -> str:
    """``A,A/B`` in version 3, ``A($expand=B)`` in version 4."""
    return ",".join(_expanded_3(tree, "") if version == 3 else _expanded_4(tree))


def _expanded_3(tree: Expansion, above: str) -> Iterable[str]:
    for name, deeper in tree.items():
        yield f"{above}{name}"
        yield from _expanded_3(deeper, f"{above}{name}/")


def _expanded_4(tree: Expansion) -> Iterable[str]:
    for name, deeper in tree.items():
        below = ",".join(_expanded_4(deeper))
        yield f"{name}($expand={below})" if below else name


def key_path(collection: str, key: str) -> str:
    """``/customers({guid})``. Raises ``ValueError`` for what is no plain key."""
    if not key or any(c in key for c in "()/?#%&\\ '\""):
        raise ValueError("a key with characters that would leave its place in the address")
    return f"{collection}({key})"


def etag(wire: Mapping[str, Any]) -> str | None:
    """The version that a record carries."""
    found = wire.get(ETAG)
    return found if isinstance(found, str) else None
