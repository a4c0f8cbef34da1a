"""Contracts from what a platform publishes about itself.

Every reader takes the published bytes and the name of the record that is meant, and returns the
JSON Schema of one record in the contract's own dialect, references resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from monitor.contract import SPECIFICATION, Contract, Provenance
from monitor.importing import information_schema, json_schema, odata, openapi, xsd
from syncd.core.errors import FixInput

Reader = Callable[[bytes], Mapping[str, Mapping[str, Any]]]
"""The published document -> schemas of the records it describes, by name."""

READERS: Final[Mapping[str, Reader]] = {
    "openapi": openapi.schemas,
    "swagger": openapi.schemas,
    "odata": odata.schemas,
    "xsd": xsd.schemas,
    "json-schema": json_schema.schemas,
    "information-schema": information_schema.schemas,
}


def read(
    form: str, published: bytes, record: str, *, platform: str, operation: str, entity: str = "", of: str = ""
) -> Contract:
    """The contract of ``record`` as ``published`` (in ``form``, a key of ``READERS``) describes it.

    Raises ``FixInput`` for an unknown form, an unreadable document or an unknown record.
    """
    reader = READERS.get(form)
    if reader is None:
        raise FixInput(f"unknown form {form!r}", remedy=f"one of: {', '.join(READERS)}")
    described = reader(published)
    if record not in described:
        near = get_close_matches(record, described, n=3, cutoff=0.4)
        hint = (
            f"did you mean {', '.join(near)}?"
            if near
            else f"it describes: {', '.join(sorted(described)[:20])}"
        )
        raise FixInput(f"the document describes no {record!r}", remedy=hint)
    return Contract(
        platform=platform,
        operation=operation,
        schema=dict(described[record]),
        entity=entity,
        provenance=Provenance(source=SPECIFICATION, of=of or f"{form}: {record}"),
    )
