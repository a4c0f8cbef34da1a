"""References name a secret; secrets do not show themselves."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from syncd.core.errors import FixInput
from syncd.secrets import Secret, SecretRef, resolve


class Settings(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    password: SecretRef


@pytest.mark.parametrize(
    "text",
    ["env:ERP_PASSWORD", "file:keys/erp", "file:/run/erp", "credential:erp.key", "keyring:syncd/acme/erp"],
)
def test_a_reference_is_text_that_names_a_place(text: str) -> None:
    found = Settings(password=SecretRef(text)).password
    assert found == text
    assert Settings.model_validate({"password": text}).password.kind == text.split(":", maxsplit=1)[0]


@pytest.mark.parametrize(
    "text", ["hunter2", "env:", "env:9x", "env:A B", "file:", "credential:../key", "keyring:x", "vault:x", ""]
)
def test_anything_else_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"password": text})
    message = refused.value.errors()[0]["msg"]
    assert "env:NAME" in message
    if text:
        assert text not in message.replace("env:NAME", "").replace("file:PATH", "")


def test_a_credential_is_the_unit_s_whatever_the_unit_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = SecretRef("credential:erp.key")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(FixInput, match="for a systemd unit alone") as refused:
        resolve(reference, tmp_path)
    assert "LoadCredential=erp.key:PATH" in refused.value.remedy
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(FixInput, match="cannot be read"):
        resolve(reference, tmp_path)
    (tmp_path / "erp.key").write_text("hunter2\n")
    (tmp_path / "erp.key").chmod(0o440)  # as systemd shows an entry of its access list
    assert resolve(reference, tmp_path).reveal() == "hunter2"


def test_the_json_schema_says_what_is_wanted() -> None:
    schema = Settings.model_json_schema()["properties"]["password"]
    assert schema["type"] == "string"
    assert "keyring" in schema["pattern"]


def test_a_secret_does_not_show_itself(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    logging.getLogger("test").warning("%s %r %s", secret, secret, [secret])
    assert "hunter2" not in caplog.text + f"{secret} {secret!r} {secret:>10} {vars(type(secret))}"
    assert secret.reveal() == "hunter2"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ERP_PASSWORD", "hunter2")
    assert resolve(SecretRef("env:ERP_PASSWORD"), tmp_path).reveal() == "hunter2"
    monkeypatch.delenv("ERP_PASSWORD")
    with pytest.raises(FixInput, match=r"env:ERP_PASSWORD: .*not set") as missing:
        resolve(SecretRef("env:ERP_PASSWORD"), tmp_path)
    assert "ERP_PASSWORD" in missing.value.remedy


def secret_file(directory: Path, data: bytes, mode: int = 0o600) -> SecretRef:
    path = directory / "erp.key"
    path.write_bytes(data)
    path.chmod(mode)
    return SecretRef("file:erp.key")


def test_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    assert resolve(secret_file(tmp_path, b"hunter2\r\n"), tmp_path).reveal() == "hunter2"
    absolute = SecretRef(f"file:{tmp_path / 'erp.key'}")
    assert resolve(absolute, Path("/nowhere")).reveal() == "hunter2"


@pytest.mark.skipif(os.name != "posix", reason="file modes are a POSIX thing")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(FixInput, match=rf"erp\.key.*mode {mode:04o}") as refused:
        resolve(secret_file(tmp_path, b"hunter2", mode), tmp_path)
    assert refused.value.remedy.startswith("chmod 600")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [(b"", "empty"), (b"\n", "empty"), (b"\xff\xfe", "UTF-8"), (b"x" * 70_000, "64 KiB")],
)
def test_a_file_without_a_usable_value_is_refused(tmp_path: Path, data: bytes, complaint: str) -> None:
    with pytest.raises(FixInput, match=complaint):
        resolve(secret_file(tmp_path, data), tmp_path)


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FixInput, match="No such file"):
        resolve(SecretRef("file:nothing"), tmp_path)
    with pytest.raises(FixInput, match="cannot be read"):
        resolve(SecretRef("file:."), tmp_path)


class OneEntry(keyring.backend.KeyringBackend):
    """A keyring that holds one entry."""

    priority = 1.0

    def get_password(self, service: str, username: str) -> str | None:
        return "hunter2" if (service, username) == ("syncd", "acme/erp") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


@pytest.fixture
def one_entry() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(OneEntry())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("one_entry")
def test_from_the_keyring(tmp_path: Path) -> None:
    assert resolve(SecretRef("keyring:syncd/acme/erp"), tmp_path).reveal() == "hunter2"
    with pytest.raises(FixInput, match="no such entry"):
        resolve(SecretRef("keyring:syncd/other"), tmp_path)
