"""Whose a link is: a lease that ends by the database's clock; its epoch rises at every change of hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """What a process holds. Who writes after its end, or under an older epoch, is refused."""

    link: str
    owner: str
    epoch: int


class Leases(Protocol):
    """Every method is one transaction, by the database's clock."""

    async def acquire(self, link: str, owner: str, ttl_s: float) -> Lease | None:
        """Only if it is free or has run out; the epoch rises. None: somebody else holds it."""
        ...

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        """False: it has run out, whether somebody has taken it since or not. It is never brought back."""
        ...

    async def release(self, lease: Lease) -> None:
        """It is free at once; nothing happens if it is gone already."""
        ...
