"""The site folder of a demo: the same files a customer would write, for two sandboxes."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, copytree
from textwrap import indent
from typing import Final

from syncd.demo.pair import FilePair, Linked, Table
from syncd.sandbox.company import Company
from syncd.sandbox.serve import Ready
from syncd.secrets.bearer import new_token
from syncd.secrets.sealed import generate_master_key_file

LINK: Final = "northwind"
INTERVAL_S: Final = 5.0
"""Between two scheduled cycles of the demo's link."""
PROFILES: Final = Path(__file__).resolve().parents[1] / "sandbox" / "profiles"


@dataclass(frozen=True, slots=True)
class DemoSite:
    """Where everything is."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "syncd.yaml"

    @property
    def bridge(self) -> Path:
        return self.folder / "bridge.yaml"


def free_ports(count: int) -> Sequence[int]:
    """Ports nobody listens on now."""
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def write_site(
    folder: Path, pair: Linked, field: Ready, books: Ready, company: Company, port: int
) -> DemoSite:
    """Write the folder. ``port`` 0 takes a free one for the daemon."""
    service, bridge = (port or free_ports(1)[0]), free_ports(1)[0]
    for name in ("keys", "profiles", "crosswalks", "contracts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    generate_master_key_file(folder / "keys" / "master.key")
    for file, (side, detail) in pair.secrets.items():
        _secret(folder / "keys" / file, (field if side == "left" else books).details[detail])
    for name in (f"{pair.left}.yaml", f"{pair.right}.yaml", *pair.files):
        if (PROFILES / name).is_file():
            copyfile(PROFILES / name, folder / "profiles" / name)
    if isinstance(pair, FilePair):
        copytree(pair.layouts, folder / "layouts", dirs_exist_ok=True)
    (folder / "crosswalks" / f"{LINK}.yaml").write_text(_crosswalks(pair.crosswalks(company)))
    (folder / "syncd.yaml").write_text(_config(pair, field, books, service, bridge))
    if pair.bridge is not None:
        _secret(folder / "keys" / "bridge", new_token("bridge"))
        (folder / "bridge.yaml").write_text(_bridge(pair.bridge(books), bridge))
    return DemoSite(folder)


def _secret(path: Path, value: str) -> None:
    path.touch(mode=0o600)
    path.write_text(value)


def _config(pair: Linked, field: Ready, books: Ready, service: int, bridge: int) -> str:
    bridged = f"bridge:\n  port: {bridge}\n" if pair.bridge is not None else ""
    return f"""\
# Written by `syncd demo {pair.name}`: a field-service company on two sandboxes.
master_key: file:keys/master.key
state:
  url: sqlite:///state.db
service:
  port: {service}
  public_url: http://127.0.0.1:{service}
{bridged}
connections:
{indent(pair.connections(field, books), "  ")}
links:
  {LINK}:
    customer: Northwind Mechanical
    left: field
    right: books
    crosswalks: crosswalks/{LINK}.yaml
    schedule: {{every: {INTERVAL_S:g}s}}
    webhooks: {json.dumps(pair.webhooks)}
    flows:
{indent(pair.flows, "      ")}"""


def _crosswalks(tables: Mapping[str, Table]) -> str:
    written = []
    for name, table in tables.items():
        lines = [f"{name}:"]
        if table.default_right is not None:
            lines.append(f"  default_right: {json.dumps(table.default_right)}")
        lines.append("  pairs:")
        lines += [f"    - {{left: {json.dumps(a)}, right: {json.dumps(b)}}}" for a, b in table.pairs]
        written.append("\n".join(lines) + "\n")
    return "".join(written)


def _bridge(beside: str, port: int) -> str:
    return f"""\
# What stands beside the ERP, on the customer's server; here it speaks to the sandbox.
hub_url: ws://127.0.0.1:{port}
token: file:keys/bridge
{beside}"""
