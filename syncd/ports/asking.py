"""What people are asked, and what they say: open matches, held writes, how much a link may send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from syncd.core.brakes import Budget, Spent
from syncd.core.model import Side
from syncd.ports.store import FlowRow, IntentRow, PairRow


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A write of which only a person can say whether it was carried out."""

    intent: IntentRow
    pair: PairRow
    words: str


class Asking(Protocol):
    """Beside ``Store``: what needs a person. Each method is one transaction."""

    async def unmatched(self, flow: FlowRow, limit: int) -> Sequence[PairRow]:
        """Pairs about which a person is asked which record of the other side they are."""
        ...

    async def accept_match(
        self, flow: FlowRow, side: Side, stream: int, matches: Sequence[tuple[int, str]], actor: str
    ) -> Sequence[int]:
        """A person said that these lone pairs (id) are the records (key) of ``side``. Returns the pairs
        bound: those that stood alone on both sides until now."""
        ...

    async def reject_match(
        self, flow: FlowRow, side: Side, stream: int, apart: Sequence[tuple[int, str]], actor: str
    ) -> int:
        """A person said that these are not the same; remembered. Returns how many were new."""
        ...

    async def settled_by(self, intent: IntentRow, said: str, actor: str) -> None:
        """The audit of a person's word on a held write."""
        ...

    async def held_intents(self, link: str | None) -> Sequence[HeldRow]:
        """Writes that only a person can settle, oldest first (an action that waits behind a hold is none)."""
        ...

    async def held_intent(self, ident: int) -> HeldRow | None: ...

    async def spent(self, link: str) -> tuple[Spent, Budget] | None:
        """What a link has sent within the last hour, and what it may; None: it has no budget."""
        ...
