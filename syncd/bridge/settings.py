"""The bridge's own settings: a small ``bridge.yaml`` on the ERP's server, or the same names as flags."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from syncd.bridge import protocol
from syncd.config.document import dotted, read
from syncd.core.errors import FixInput, Place
from syncd.secrets.reference import SecretRef


class BridgeOptions(BaseModel):
    """Everything one bridge needs. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hub_url: str
    """Where the daemon is: ``wss://host[:port]``. Plain ``ws://`` is for this machine only."""
    token: SecretRef
    """This connection's token, by reference."""
    ca_file: Path | None = None
    """Certificates to trust besides none: for a daemon behind a private authority."""
    outbox: Path = Path("bridge-outbox.sqlite")
    """Where begun submits are remembered. Keep it: with it goes the knowledge of what was executed."""

    sql_url: SecretRef | str | None = None
    """``mssql+pyodbc://...`` or ``sqlite:///PATH``; by reference if it holds a password. None: no reads."""
    readers: int = 4
    """SQL statements run at once."""

    object: Literal["com", "sandbox"] | None = None
    """What takes MBXML: the product's COM object, or the sandbox's. None: this bridge only reads."""
    com_class: str | None = None
    """For ``com``: the object's registered name (ProgID) at this site."""
    sandbox_url: str | None = None
    """For ``sandbox``: where it serves."""
    data_source: str = ""
    """The SQL instance, as the product names it."""
    company: str = ""
    user: str = ""
    password: SecretRef | None = None
    """Of the API user, by reference."""
    exclusive: bool = False
    """Demand exclusive access while submitting; other users cannot work meanwhile."""

    base_dir: Path = Path()
    """Where relative paths start: the folder of ``bridge.yaml``."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        host = urlsplit(self.hub_url)
        if host.scheme not in ("wss", "ws") or not host.hostname:
            raise ValueError("hub_url: wss://host[:port] expected")
        if host.scheme == "ws" and not is_loopback(host.hostname):
            raise ValueError("hub_url: ws:// carries the token in clear; only this machine may be dialled so")
        if self.object is not None and not (self.company and self.user and self.password):
            raise ValueError("object: company, user and password are needed with it")
        if self.object == "com" and not self.com_class:
            raise ValueError(
                "com_class: the object's registered name is needed (see the product's installation)"
            )
        if self.object == "sandbox" and not self.sandbox_url:
            raise ValueError("sandbox_url: needed with object: sandbox")
        if self.object is None and self.sql_url is None:
            raise ValueError("sql_url or object: at least one of them, or this bridge does nothing")
        return self

    @property
    def dial_url(self) -> str:
        return self.hub_url.rstrip("/").removesuffix(protocol.PATH) + protocol.PATH

    def tls(self) -> ssl.SSLContext | None:
        """None for ``ws://``. Verification cannot be switched off. Raises ``FixInput``."""
        if urlsplit(self.hub_url).scheme == "ws":
            return None
        try:
            context = ssl.create_default_context(
                cafile=str(self.base_dir / self.ca_file) if self.ca_file else None
            )
        except OSError as trouble:
            raise FixInput(f"ca_file cannot be used ({type(trouble).__name__})") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def is_loopback(host: str) -> bool:
    """Whether ``host`` (a name or an address) is this machine, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def load(path: Path | None, given: Mapping[str, Any]) -> BridgeOptions:
    """``given`` (flags, environment) over the file's settings. Raises ``FixInput`` naming the place."""
    document = read(path) if path else None
    found = document.data if document else {}
    if not isinstance(found, dict):
        raise FixInput("settings by name expected, such as `hub_url: wss://...`", place=Place(str(path)))
    settings = {"base_dir": path.parent if path else Path(), **found, **given}
    try:
        return BridgeOptions.model_validate(settings)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        place = document.place(first["loc"]) if document else Place("bridge settings")
        field = dotted(first["loc"]) or place.field
        raise FixInput(
            first["msg"].removeprefix("Value error, "),
            place=Place(place.file, place.line, field),
            remedy="see `syncd bridge --help` for every setting",
        ) from None
