"""The ways in which platforms prove their webhooks. A connector picks one and names its header.

All of them sign the raw bytes; all comparisons take as long whatever the answer. Several secrets may be
good at a time, while one is being replaced.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import orjson

from syncd.ports.webhooks import Delivery, Doubt, Forged, Genuine, Handshake, Verdict
from syncd.secrets.reference import Secret

WINDOW: Final = timedelta(seconds=300)
"""How far a signed time may be from ours, either way."""
_DIGEST_TEXT_MAX: Final = 256
"""No signature is longer than that in any encoding."""


def _mac(secret: bytes, data: bytes, algorithm: str) -> bytes:
    return hmac.new(secret, data, algorithm).digest()


def _any(offered: Sequence[str], wanted: Sequence[bytes]) -> bool:
    """Every one is compared with every one, so that time tells nothing."""
    found = False
    for text in offered:
        # what is not ASCII is no signature; compare_digest takes bytes of any kind
        given = text.encode("utf-8", "replace")[:_DIGEST_TEXT_MAX]
        for good in wanted:
            found = hmac.compare_digest(given, good) or found
    return found


@dataclass(frozen=True, slots=True)
class HeaderSignature:
    """One header holds the HMAC of the body (Intuit, Jobber, Xero, Paylocity, GitHub ...)."""

    header: str
    secrets: tuple[Secret, ...]
    encoding: Literal["base64", "hex"] = "base64"
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    prefix: str = ""
    """Before the signature in the header: ``sha256=``."""

    def examine(self, delivery: Delivery, now: datetime) -> Verdict:  # noqa: ARG002 - no time is signed
        offered = delivery.header(self.header)
        if offered is None or not offered.startswith(self.prefix):
            return Forged(Doubt.SIGNATURE)
        wanted = [self._text(_mac(s.reveal().encode(), delivery.body, self.algorithm)) for s in self.secrets]
        if not _any([offered.removeprefix(self.prefix)], wanted):
            return Forged(Doubt.SIGNATURE)
        return Genuine()

    def _text(self, digest: bytes) -> bytes:
        return b64encode(digest) if self.encoding == "base64" else digest.hex().encode()


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """``webhook-id``, ``webhook-timestamp``, ``webhook-signature`` (the specification of that name)."""

    secrets: tuple[Secret, ...]
    """As the platform shows them: ``whsec_`` and base64."""

    def examine(self, delivery: Delivery, now: datetime) -> Verdict:
        ident, at, offered = (delivery.header(f"webhook-{name}") for name in ("id", "timestamp", "signature"))
        if ident is None or at is None or offered is None:
            return Forged(Doubt.SIGNATURE)
        signed = f"{ident}.{at}.".encode() + delivery.body
        wanted = [b"v1," + b64encode(_mac(_standard_key(s), signed, "sha256")) for s in self.secrets]
        if not _any(offered.split(" ")[:8], wanted):
            return Forged(Doubt.SIGNATURE)
        return Genuine(ident) if _timely(at, now) else Forged(Doubt.TIME)


def _standard_key(secret: Secret) -> bytes:
    text = secret.reveal().removeprefix("whsec_")
    try:
        return b64decode(text, validate=True)
    except NotBase64:
        return text.encode()


@dataclass(frozen=True, slots=True)
class TimedSignature:
    """One header, ``t=SECONDS,v1=HEX[,v1=HEX]``, over ``t.body`` (Stripe and who copied it)."""

    header: str
    secrets: tuple[Secret, ...]

    def examine(self, delivery: Delivery, now: datetime) -> Verdict:
        parts = [part.strip().partition("=") for part in (delivery.header(self.header) or "").split(",")[:16]]
        times = [value for name, _, value in parts if name == "t"]
        offered = [value for name, _, value in parts if name == "v1"]
        if len(times) != 1 or not offered:
            return Forged(Doubt.SIGNATURE)
        signed = times[0].encode() + b"." + delivery.body
        wanted = [_mac(s.reveal().encode(), signed, "sha256").hex().encode() for s in self.secrets]
        if not _any(offered, wanted):
            return Forged(Doubt.SIGNATURE)
        return Genuine() if _timely(times[0], now) else Forged(Doubt.TIME)


def _timely(seconds: str, now: datetime) -> bool:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        return False
    return abs(now - datetime.fromtimestamp(int(seconds), UTC)) <= WINDOW


@dataclass(frozen=True, slots=True)
class FixedHeader:
    """A header with a value agreed on when the subscription was made (Acumatica's push notifications)."""

    header: str
    secrets: tuple[Secret, ...]

    def examine(self, delivery: Delivery, now: datetime) -> Verdict:  # noqa: ARG002
        offered = delivery.header(self.header)
        wanted = [s.reveal().encode() for s in self.secrets]
        return Genuine() if offered is not None and _any([offered], wanted) else Forged(Doubt.SIGNATURE)


@dataclass(frozen=True, slots=True)
class ClientState:
    """No signature: every notification in ``value`` repeats a secret of ours, and a ``validationToken`` in
    the query is echoed (Business Central, Microsoft Graph)."""

    secrets: tuple[Secret, ...]

    def examine(self, delivery: Delivery, now: datetime) -> Verdict:  # noqa: ARG002
        token = delivery.query.get("validationToken")
        if token is not None:
            return Handshake(token)
        try:
            said = orjson.loads(delivery.body)
            states = [one["clientState"] for one in said["value"]]
        except (ValueError, TypeError, KeyError):
            return Forged(Doubt.FORM)
        wanted = [s.reveal().encode() for s in self.secrets]
        proven = [isinstance(state, str) and _any([state], wanted) for state in states]
        return Genuine() if proven and all(proven) else Forged(Doubt.SIGNATURE)


@dataclass(frozen=True, slots=True)
class PathOnly:
    """Nothing but the unguessable path, which was checked before (ServiceTrade)."""

    def examine(self, delivery: Delivery, now: datetime) -> Verdict:  # noqa: ARG002
        return Genuine()
