"""Sealed values open where they belong, with the key they were sealed with, and nowhere else."""

from __future__ import annotations

import os
import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.errors import FixInput, SyncdError
from syncd.secrets import MasterKey, Sealer, SecretRef, generate_master_key_file

KEY = bytes(range(32))


@given(connection=st.text(), field=st.text(), data=st.binary())
def test_what_is_sealed_opens(connection: str, field: str, data: bytes) -> None:
    sealed = Sealer(KEY).seal(connection, field, data)
    assert Sealer(KEY).open(connection, field, sealed) == data


def test_nothing_of_the_content_shows_and_no_two_are_equal() -> None:
    sealer = Sealer(KEY)
    one, other = (sealer.seal("acme", "token", b"canary-canary") for _ in range(2))
    assert b"canary" not in one
    assert one != other


def test_no_two_of_many_begin_alike_and_a_child_process_does_not_go_on_with_what_was_drawn() -> None:
    sealer, begins = Sealer(KEY), 17  # version, key id and nonce
    many = [sealer.seal("acme", "token", b"")[:begins] for _ in range(1_000)]
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, b"".join(sealer.seal("acme", "token", b"")[:begins] for _ in range(300)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 300 * begins)
    many += [theirs[at : at + begins] for at in range(0, len(theirs), begins)]
    many += [sealer.seal("acme", "token", b"")[:begins] for _ in range(300)]
    os.close(reading)
    os.close(writing)
    assert len(set(many)) == len(many) == 1_600


@pytest.mark.parametrize(("connection", "field"), [("rival", "token"), ("acme", "base"), ("acmet", "oken")])
def test_a_row_that_was_moved_does_not_open(connection: str, field: str) -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal("acme", "token", b"r-1")
    with pytest.raises(SyncdError, match=f"{connection} .{field}. does not open.*moved"):
        sealer.open(connection, field, sealed)


def test_every_damaged_byte_is_noticed() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal("acme", "token", b"r-1")
    for at in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[at] ^= 1
        with pytest.raises(SyncdError):
            sealer.open("acme", "token", bytes(damaged))
    for length in range(len(sealed)):
        with pytest.raises(SyncdError):
            sealer.open("acme", "token", sealed[:length])


def test_another_master_key_is_named_as_such() -> None:
    sealed = Sealer(KEY).seal("acme", "token", b"r-1")
    with pytest.raises(FixInput, match="another master key") as refused:
        Sealer(bytes(32)).open("acme", "token", sealed)
    assert "master_key" in refused.value.remedy


def test_a_generated_key_is_private_loads_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    umask = os.umask(0)
    try:
        generate_master_key_file(path)
    finally:
        os.umask(umask)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = MasterKey.load(SecretRef("file:master.key"), tmp_path)
    assert len(key.reveal()) == 32
    before = path.read_bytes()
    with pytest.raises(FixInput, match="already"):
        generate_master_key_file(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["c2hvcnQ=", "not base64!", "A" * 43])
def test_a_key_of_another_form_is_refused_and_not_repeated(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SYNCD_KEY", text)
    with pytest.raises(FixInput, match="32 bytes in base64") as refused:
        MasterKey.load(SecretRef("env:SYNCD_KEY"), tmp_path)
    assert text not in str(refused.value)


def test_keys_do_not_show_themselves() -> None:
    assert repr(MasterKey(KEY)) == "***"
    assert KEY.hex() not in repr(Sealer(KEY))
    with pytest.raises(TypeError):
        pickle.dumps(MasterKey(KEY))
