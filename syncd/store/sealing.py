"""What the store's transactions share: the time, and sealing of what must not lie open on a disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Final, Protocol

from syncd.core import canonical
from syncd.core.model import Record, Value

ERASED: Final = b"\0"
"""How a text begins that was taken out of the audit; what is sealed begins otherwise."""


class Seal(Protocol):
    """AES-GCM bound to an owner (connection or link) and a field; ``syncd.secrets.sealed.Sealer``."""

    def seal(self, connection: str, field: str, data: bytes) -> bytes: ...
    def open(self, connection: str, field: str, sealed: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Keeper:
    """Handed to every transaction script."""

    seal: Seal
    digest_key: bytes
    """Keys the digests of natural keys: without it a short name could be found by trying names."""
    now: datetime
    links: dict[int, str] = field(default_factory=dict)
    """Flow -> its link, as far as it was asked for; kept by the store from one transaction to the next."""

    def text(self, owner: str, field: str, text: str) -> bytes | None:
        return self.seal.seal(owner, field, text.encode()) if text else None

    def open_text(self, owner: str, field: str, sealed: bytes | None) -> str:
        """Empty also for a text that was erased."""
        if not sealed or sealed.startswith(ERASED):
            return ""
        return self.seal.open(owner, field, sealed).decode()

    def record(self, owner: str, field: str, record: Record) -> bytes:
        return self.seal.seal(owner, field, canonical.encode(record))

    def open_record(self, owner: str, field: str, sealed: bytes) -> dict[str, Value]:
        return canonical.decode(self.seal.open(owner, field, sealed))

    def digest(self, natural: str) -> bytes:
        return blake2b(natural.encode(), digest_size=16, key=self.digest_key).digest()
