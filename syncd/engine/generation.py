"""A state put back from a backup knows less than the platforms do: what it would write may stand there.

Updates and removals heal by content. Creates and actions do not, so in a restored state each of them is
looked up before it is sent, for good: a record may come into scope long after the restore.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from syncd.core.model import IntentState, Operation
from syncd.ports import Connector, IntentRow, OperationSpec, Proof, Seen, WriteRequest

_BEYOND: Final = 5
"""References are numbered by a pair's writes. So many that the lost part of the state may have used are
asked for beyond the one at hand."""

_DO_NOT_HEAL: Final = (Operation.CREATE, Operation.ACTION)


def must_be_looked_up(intent: IntentRow) -> bool:
    """Whether a restored state may have forgotten that this was carried out. Pure."""
    return intent.state is IntentState.PLANNED and intent.request.operation in _DO_NOT_HEAL


def can_be_looked_up(operation: OperationSpec | None) -> bool:
    """Pure."""
    return operation is not None and operation.proof is not Proof.NONE


def asked_for(request: WriteRequest) -> list[WriteRequest]:
    """The request under every reference it may have been sent with. Pure."""
    stem, dot, number = request.reference.rpartition(".")
    if request.operation is not Operation.CREATE or not dot or not number.isdigit():
        return [request]
    return [replace(request, reference=f"{stem}.{n}") for n in range(1, int(number) + _BEYOND + 1)]


async def carried_out(connector: Connector, request: WriteRequest) -> Sequence[Seen]:
    """The records that it left behind, if any. Raises what ``evidence`` raises."""
    found: dict[str, Seen] = {}
    for one in asked_for(request):
        found |= {seen.key: seen for seen in await connector.evidence(one)}
    return list(found.values())
