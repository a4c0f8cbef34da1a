"""Where a secret is kept, as text that may stand in a file, and the secret itself, which may not.

``env:NAME``, ``file:PATH`` (relative to the file that names it), ``credential:NAME`` (of the systemd unit
that runs) and ``keyring:SERVICE/NAME``.
"""

from __future__ import annotations

import os
import re
import stat
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from syncd.core.errors import FixInput, Place

_FORM: Final = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|credential:[A-Za-z0-9_.-]+|keyring:[^/]+/.+)$"
_WANTED: Final = (
    "a secret is named by reference: env:NAME, file:PATH, credential:NAME or keyring:SERVICE/NAME"
)
_LARGEST: Final = 64 * 1024


class SecretRef(str):
    """A reference to a secret; usable as a pydantic field. Anything else raises ``ValueError``.

    The message never repeats the text: whoever writes a password here must not find it in a log.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not re.match(_FORM, text):
            raise ValueError(_WANTED)
        return super().__new__(cls, text)

    @property
    def kind(self) -> str:
        """env | file | credential | keyring"""
        return self.partition(":")[0]

    @property
    def target(self) -> str:
        """What follows the kind: a variable's name, a path, or SERVICE/NAME."""
        return self.partition(":")[2]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": _FORM, "description": _WANTED, "examples": ["env:ERP_PASSWORD"]}


class Secret:
    """A value that does not show itself: ``repr``, ``str`` and formatting give ``***``; pickling fails."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value. Call it where the value is used and keep no copy."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialised")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


def resolve(ref: SecretRef, base_dir: Path) -> Secret:
    """The secret that ``ref`` names; relative paths start at ``base_dir``.

    Raises ``FixInput``: a variable that is not set, a file that is missing, readable by others than
    its owner, or empty, a keyring without that entry.
    """
    match ref.kind:
        case "env":
            value = _from_environment(ref)
        case "file":
            value = _from_file(ref, base_dir / Path(ref.target).expanduser())
        case "credential":
            value = _from_credential(ref)
        case _:
            value = _from_keyring(ref)
    if not value:
        raise FixInput("the secret is empty", place=Place(ref), remedy="write the value there")
    return Secret(value)


def _from_environment(ref: SecretRef) -> str:
    value = os.environ.get(ref.target)
    if value is None:
        raise FixInput(
            "the environment variable is not set",
            place=Place(ref),
            remedy=f"set {ref.target} where syncd is started (a .env file beside syncd.yaml is not exported "
            "by itself)",
        )
    return value


def _from_credential(ref: SecretRef) -> str:
    """As systemd hands it to a unit: every unit has a folder of its own, whatever the unit is called."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder is None:
        raise FixInput(
            "credentials are there for a systemd unit alone",
            place=Place(ref),
            remedy=f"LoadCredential={ref.target}:PATH in the unit; by hand: systemd-run --pty "
            f"--property=LoadCredential={ref.target}:PATH syncd ...",
        )
    return _from_file(ref, Path(folder) / ref.target, closed=True)


def _from_file(ref: SecretRef, path: Path, *, closed: bool = False) -> str:
    """``closed``: its folder is open to us alone; its own mode may show who else was let in by name."""
    try:
        with path.open("rb") as file:
            # fstat of what is open: the path cannot be exchanged between the check and the reading
            status = os.fstat(file.fileno())
            if os.name == "posix" and status.st_mode & 0o077 and not closed:
                mode = stat.S_IMODE(status.st_mode)
                raise FixInput(
                    f"the secret file can be used by others than its owner (mode {mode:04o})",
                    place=Place(str(path)),
                    remedy=f"chmod 600 {path}",
                )
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise FixInput(
            f"the secret file cannot be read ({error.strerror or type(error).__name__})",
            place=Place(str(path)),
            remedy=f"create it with mode 0600, or correct the reference {ref}",
        ) from None
    if len(data) > _LARGEST:
        raise FixInput("the secret file is larger than 64 KiB", place=Place(str(path)))
    try:
        return data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise FixInput(
            "the secret file is not UTF-8 text", place=Place(str(path)), remedy="store the value as text"
        ) from None


def _from_keyring(ref: SecretRef) -> str:
    service, _, name = ref.target.partition("/")
    try:
        keyring = import_module("keyring")
    except ImportError:
        raise FixInput(
            "keyring references need the keyring extra",
            place=Place(ref),
            remedy="pip install 'syncd[keyring]', or use env: or file:",
        ) from None
    errors = import_module("keyring.errors")
    try:
        value = keyring.get_password(service, name)
    except errors.KeyringError as error:
        raise FixInput(
            f"the keyring does not answer ({type(error).__name__})",
            place=Place(ref),
            remedy="unlock it for the user that runs syncd, or use env: or file:",
        ) from None
    if value is None:
        raise FixInput(
            "the keyring has no such entry", place=Place(ref), remedy=f"keyring set {service} {name}"
        )
    return str(value)
