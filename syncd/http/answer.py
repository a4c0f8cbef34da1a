"""One answer of a platform: status, headers and the bytes of its body, not yet parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from syncd.core.errors import UnreadableAnswer


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` is whole, decompressed and within the connection's limits. Header names: any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the platform did what was asked (2xx)."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body parsed. Raises ``UnreadableAnswer``; its message never quotes the body."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise UnreadableAnswer(
                f"the answer (HTTP {self.status}, {len(self.body)} bytes) is not JSON at byte {error.pos}",
                remedy="the platform answered what its API does not promise; it is asked again",
            ) from None
