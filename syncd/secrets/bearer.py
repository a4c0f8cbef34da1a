"""Bearer tokens that syncd itself hands out: random, kept as digests, compared in constant time."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256


def new_token(kind: str) -> str:
    """256 random bits, with a readable beginning: ``syncd-bridge-...``."""
    return f"syncd-{kind}-{secrets.token_urlsafe(32)}"


def digest(token: str) -> str:
    """SHA-256 in hex: what is kept of a token. It is random, so it needs no slow hash."""
    return sha256(token.encode()).hexdigest()


def matches(offered: str, known: str) -> bool:
    """Whether ``offered`` is the token of digest ``known``; takes as long whatever the answer."""
    return hmac.compare_digest(digest(offered), known)
