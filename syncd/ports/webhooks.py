"""How a platform's announcements are told from anybody else's. A connector declares it; the daemon asks.

Whatever the answer: an announcement is a hint to look, never a record. A forged one that passes costs a
read, never a posting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request to a webhook address, as it came in."""

    headers: Mapping[str, Sequence[str]]
    """Lower-case name -> every value: a header given twice must not pass for one."""
    query: Mapping[str, str]
    body: bytes
    """Raw: what was signed."""

    def header(self, name: str) -> str | None:
        """The one value; None where there is none, or more than one."""
        values = self.headers.get(name.lower(), ())
        return values[0] if len(values) == 1 else None


class Doubt(StrEnum):
    """Why a delivery is refused: a fixed set, also the metric label."""

    SIGNATURE = "signature"
    """Missing, given twice, or not of this body."""
    TIME = "time"
    """Signed too long ago, or in the future: somebody plays it again."""
    FORM = "form"
    """Not what this platform sends."""


UNREADABLE: Final = "unreadable"
"""It is the platform's, and its connector does not understand it."""
REJECTIONS: Final = (*(doubt.value for doubt in Doubt), UNREADABLE)
"""Why a delivery is refused, in words."""


@dataclass(frozen=True, slots=True)
class Genuine:
    """It is the platform's."""

    ident: str = ""
    """Its own name of this event, signed with it; empty: it gives none."""


@dataclass(frozen=True, slots=True)
class Forged:
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Handshake:
    """The platform asks whether we are there; ``text`` is what it wants to hear."""

    text: str


Verdict = Genuine | Forged | Handshake


class WebhookVerifier(Protocol):
    """Pure: no I/O, and the time is given."""

    def examine(self, delivery: Delivery, now: datetime) -> Verdict: ...


@runtime_checkable
class SignsWebhooks(Protocol):
    """A connector whose platform proves its announcements. One that is none of these relies on the
    unguessable path, which every address has."""

    @property
    def webhook_verifier(self) -> WebhookVerifier: ...


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What a platform granted."""

    until: datetime | None = None
    """When it ends unless it is renewed; None: never."""
