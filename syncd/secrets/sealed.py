"""Sealing what must be written down: AES-256-GCM, bound to the connection and field it belongs to.

A sealed value is ``version (1) | key id (4) | nonce (12) | ciphertext and tag``. Each connection has
its own key, derived from the master key by HKDF; connection and field are authenticated too, so that
a row moved elsewhere does not open. The key id tells another master key from a damaged row, and lets
a later version open what an older key sealed.

Nonces are random: NIST's bound is 2**32 values per key, that is per connection, far beyond a ledger.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from syncd.core.errors import FixInput, Place, SyncdError
from syncd.secrets.reference import Secret, SecretRef, resolve

KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_NONCE_AT: Final = len(_VERSION) + _KEY_ID_BYTES
_SEALED_AT: Final = _NONCE_AT + _NONCE_BYTES


class MasterKey:
    """The one key everything sealed hangs on. It never lies beside what it seals."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        self._key = key

    def reveal(self) -> bytes:
        """The 32 bytes."""
        return self._key

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> str:
        raise TypeError("a master key is not serialised")

    @classmethod
    def load(cls, ref: SecretRef, base_dir: Path) -> MasterKey:
        """The key that ``ref`` names: base64 of 32 bytes. Raises ``FixInput``."""
        return cls.parse(resolve(ref, base_dir), ref)

    @classmethod
    def parse(cls, secret: Secret, ref: SecretRef) -> MasterKey:
        """``secret`` as a key; ``ref`` is where it came from. Raises ``FixInput``."""
        try:
            return cls(b64decode(secret.reveal(), validate=True))
        except (NotBase64, ValueError):
            raise FixInput(
                "the master key is not 32 bytes in base64",
                place=Place(ref),
                remedy="restore the key this site was set up with; for a new site `syncd init` makes one",
            ) from None


def generate_master_key_file(path: Path) -> None:
    """Write a new random master key, readable by its owner only (0600).

    Raises ``FixInput`` if the file exists: overwriting a key would lose all that it sealed.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FixInput(
            "there is a master key already, and without it nothing it sealed can be opened",
            place=Place(str(path)),
            remedy="keep it, or move it to a safe place before a new one is made",
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(b64encode(os.urandom(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


_nonces: Final[list[bytes]] = []
"""Random, drawn many at once and used once each: asked for one by one, they cost as much as the sealing."""
_DRAWN: Final = 256
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_nonces.clear)  # or parent and child would use the same ones


def _nonce() -> bytes:
    try:
        return _nonces.pop()  # one step, whichever threads ask
    except IndexError:
        drawn = os.urandom(_NONCE_BYTES * _DRAWN)
        first, *others = (drawn[at : at + _NONCE_BYTES] for at in range(0, len(drawn), _NONCE_BYTES))
        _nonces.extend(others)
        return first


class Sealer:
    """Seals and opens bytes for one master key (32 bytes). Safe to use from several threads."""

    __slots__ = ("_ciphers", "_header", "_master")

    def __init__(self, master_key: bytes) -> None:
        self._master = MasterKey(master_key).reveal()
        self._header = _VERSION + _derive(self._master, b"syncd key id", _KEY_ID_BYTES)
        self._ciphers: dict[str, AESGCM] = {}

    def __repr__(self) -> str:
        return f"Sealer(key id {self._header[1:].hex()})"

    def seal(self, connection: str, field: str, data: bytes) -> bytes:
        """``data`` so that only ``open`` with the same connection and field gives it back."""
        nonce = _nonce()
        sealed = self._cipher(connection).encrypt(nonce, data, _bound_to(connection, field))
        return self._header + nonce + sealed

    def open(self, connection: str, field: str, sealed: bytes) -> bytes:
        """What was sealed for this connection and field.

        Raises ``FixInput`` if another master key sealed it, ``SyncdError`` if it was damaged or
        belongs to another connection or field.
        """
        if not sealed.startswith(self._header):
            self._explain(connection, field, sealed)
        try:
            return self._cipher(connection).decrypt(
                sealed[_NONCE_AT:_SEALED_AT], sealed[_SEALED_AT:], _bound_to(connection, field)
            )
        except (InvalidTag, ValueError):
            raise SyncdError(
                f"a sealed value of {connection} ({field}) does not open: it was damaged, or moved here from "
                "another connection or field",
                remedy="restore the database from a backup; nothing was read from this value",
            ) from None

    def _cipher(self, connection: str) -> AESGCM:
        cipher = self._ciphers.get(connection)
        if cipher is None:
            key = _derive(self._master, b"syncd connection " + connection.encode(), KEY_BYTES)
            cipher = self._ciphers[connection] = AESGCM(key)
        return cipher

    def _explain(self, connection: str, field: str, sealed: bytes) -> None:
        if sealed[:1] != _VERSION:
            raise SyncdError(
                f"a sealed value of {connection} ({field}) has a format this version does not know",
                remedy="run the syncd version that wrote this database, or restore it from a backup",
            )
        raise FixInput(
            f"a sealed value of {connection} ({field}) was sealed with another master key "
            f"(key id {sealed[1:_NONCE_AT].hex()}, ours is {self._header[1:].hex()})",
            remedy="point master_key at the key this database was written with",
        )


def _derive(master: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(master)


@lru_cache(maxsize=4096)
def _bound_to(connection: str, field: str) -> bytes:
    owner = connection.encode()
    return len(owner).to_bytes(4, "big") + owner + field.encode()
