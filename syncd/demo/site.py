"""The site folder of the demo: the same files a customer would write, for two sandboxes."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

from syncd.sandbox.company import Company
from syncd.sandbox.serve import Ready
from syncd.secrets.bearer import new_token
from syncd.secrets.sealed import generate_master_key_file

LINK = "northwind"
INTERVAL_S = 5.0
"""Between two scheduled cycles of the demo's link."""
PROFILES = Path(__file__).resolve().parents[1] / "sandbox" / "profiles"


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


def write_site(folder: Path, field: Ready, books: Ready, company: Company, port: int) -> DemoSite:
    """Write the folder. ``port`` 0 takes a free one for the daemon."""
    service, bridge = (port or free_ports(1)[0]), free_ports(1)[0]
    for name in ("keys", "profiles", "crosswalks", "contracts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    generate_master_key_file(folder / "keys" / "master.key")
    _secret(folder / "keys" / "servicetrade", field.details["client_secret"])
    _secret(folder / "keys" / "sage", books.details["password"])
    _secret(folder / "keys" / "bridge", new_token("bridge"))
    for profile in ("servicetrade.yaml", "sage100-contractor.yaml", "mbxml.xsd"):
        copyfile(PROFILES / profile, folder / "profiles" / profile)
    (folder / "crosswalks" / f"{LINK}.yaml").write_text(_crosswalks(company))
    (folder / "syncd.yaml").write_text(_config(field, books, service, bridge))
    (folder / "bridge.yaml").write_text(_bridge(books, bridge))
    return DemoSite(folder)


def _secret(path: Path, value: str) -> None:
    path.touch(mode=0o600)
    path.write_text(value)


def _config(field: Ready, books: Ready, service: int, bridge: int) -> str:
    return f"""\
# Written by `syncd demo`: a field-service company on two sandboxes.
master_key: file:keys/master.key
state:
  url: sqlite:///state.db
service:
  port: {service}
  public_url: http://127.0.0.1:{service}
bridge:
  port: {bridge}

connections:
  field:
    platform: servicetrade
    profile: profiles/servicetrade.yaml
    settings:
      base_url: {field.details["base_url"]}
      auth:
        scheme: oauth2
        client_id: {field.details["client_id"]}
        client_secret: file:keys/servicetrade
    settle: {{seconds: 5, provenance: measured}}
  books:
    platform: sage100-contractor
    profile: profiles/sage100-contractor.yaml
    bridge_token: file:keys/bridge
    settings:
      company: {json.dumps(books.details["company"])}
      user: {json.dumps(books.details["user"])}
      billing: job
      dialect: sqlite
    settle: {{seconds: 5, provenance: measured}}

links:
  {LINK}:
    customer: Northwind Mechanical
    left: field
    right: books
    crosswalks: crosswalks/{LINK}.yaml
    schedule: {{every: {INTERVAL_S:g}s}}
    webhooks: true
    flows:
      customer:
        mode: both
        fields:
          name: {{rule: left}}
          number: {{rule: right}}
      location: {{mode: observe}}
      job:
        mode: left-to-right
        create: [right]
        fields:
          customer: {{rule: left}}
          name: {{rule: left}}
      invoice:
        mode: left-to-right
        create: [right]
        create_only: true
        select: {{status: [pending_accounting]}}
        fields:
          lines.account: {{crosswalk: gl_account, source: item}}
        acknowledge:
          posted: [[set_external_id, "{{key}}"], [set_status, processed]]
          rejected: [[set_status, failed], [comment, "{{reason}}"]]
      payment: {{mode: observe}}
"""


def _crosswalks(company: Company) -> str:
    def table(name: str, pairs: list[tuple[str, str]], default: str | None = None) -> str:
        lines = [f"{name}:"]
        if default is not None:
            lines.append(f"  default_right: {json.dumps(default)}")
        lines.append("  pairs:")
        lines += [f"    - {{left: {json.dumps(a)}, right: {json.dumps(b)}}}" for a, b in pairs]
        return "\n".join(lines) + "\n"

    districts = [(d.code, str(d.ledger_number)) for d in company.tax_districts]
    accounts = [(item.code, str(item.ledger_account)) for item in company.items]
    return table("tax", districts) + table("gl_account", accounts)


def _bridge(books: Ready, port: int) -> str:
    return f"""\
# What stands beside the ERP, on the customer's server; here it speaks to the sandbox.
hub_url: ws://127.0.0.1:{port}
token: file:keys/bridge
sql_url: {json.dumps(books.details["database_url"])}
object: sandbox
sandbox_url: {books.url}
data_source: {json.dumps(books.details["data_source"])}
company: {json.dumps(books.details["company"])}
user: {json.dumps(books.details["user"])}
password: file:keys/sage
"""
