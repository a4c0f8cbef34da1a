"""A customer's machine: sandboxes, bridge and daemon as processes, and the command typed at a prompt."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from syncd.demo.site import free_ports
from syncd.sandbox.company import Company
from syncd.sandbox.serve import Ready
from syncd.secrets.bearer import new_token
from tests.commands import Ran, syncd
from tests.integration.whole.clerk import Clerk, library_item, line

LINK = "acme"
SEED = 7
CUSTOMERS = 8
_PATIENCE_S = 90.0


@dataclass
class House:
    """The customer's folder and everything that runs around it."""

    folder: Path
    field: Ready
    books: Ready
    environment: Mapping[str, str]
    talk: list[str] = dataclasses.field(default_factory=list)
    """What every command so far has said on stderr."""
    approved: set[str] = dataclasses.field(default_factory=set)

    @property
    def state(self) -> Path:
        return self.folder / "state.db"

    def syncd(self, *arguments: str) -> Ran:
        """Type a command in the site's folder. No run of ours ever shows a traceback."""
        ended = syncd(*arguments, cwd=self.folder, env=self.environment)
        assert "Traceback" not in ended.err + ended.out
        self.talk.append(ended.err)
        return ended

    @contextmanager
    def running(self, *arguments: str, log: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """A program that keeps running, until the block ends; its log in the folder."""
        with (self.folder / (log or f"{arguments[0]}.log")).open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "syncd", *arguments],
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
            try:
                yield process
            finally:
                stop(process)

    @contextmanager
    def daemon(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """``syncd run``, until commands find it and its bridge is dialled in."""
        with self.running("run", *arguments, log="run.log") as process:
            until(lambda: self._up(process), "the daemon is up and its bridge dialled in")
            yield process

    def _up(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, (self.folder / "run.log").read_text()
        if not self.state.with_name("state.db.daemon.json").exists():
            return False
        status = self.syncd("status", "-o", "json").data
        return bool(status["daemon"]) and any(c["bridge"] for c in status["connections"])

    # -- what stands where

    def in_field(self, view: str, **query: str) -> Any:
        return _control(self.field, f"/ledger/{view}", query=query)

    def in_books(self, view: str, **query: str) -> Any:
        return _control(self.books, f"/ledger/{view}", query=query)

    def act_in_books(self, action: str, **body: Any) -> Any:
        return _control(self.books, f"/actions/{action}", body)

    def order_in_books(self, *faults: Mapping[str, Any]) -> None:
        _control(self.books, "/faults", list(faults))

    def writes(self) -> int:
        """Writes that reached either platform through its API."""
        field, books = _control(self.field, "/state"), _control(self.books, "/state")
        return int(field["writes"] + books["submissions"])

    def dump(self) -> list[str]:
        """The whole state but for login tokens and what was seen of the login itself, which must be kept
        whatever a command does."""
        with sqlite3.connect(f"file:{self.state}?mode=ro", uri=True) as state:
            kept = ('INSERT INTO "token"', 'INSERT INTO "fact"')
            lines = [line for line in state.iterdump() if not line.startswith(kept)]
        state.close()
        return lines

    # -- what the office does

    def pick(self) -> str:
        """The number of an invoice that is billed to a job and not approved yet."""
        shown = self.in_field("invoices", status="ok")
        number: str = next(
            i["invoiceNumber"]
            for i in shown
            if i["job"] is not None and i["invoiceNumber"] not in self.approved
        )
        self.approved.add(number)
        return number

    def approve(self, number: str) -> str:
        """Hand an invoice over to accounting, through ServiceTrade's own API."""
        (invoice,) = self.in_field("invoices", number=number)

        async def approve() -> None:
            async with Clerk.at(self.field) as clerk:
                await clerk.approve(invoice["id"])

        asyncio.run(approve())
        return number

    def enter_work(self, name: str, text: str = "Filter", phone: str | None = None) -> str:
        """A new customer with a site, a job and an invoice for it; the invoice's number."""

        async def enter() -> str:
            async with Clerk.at(self.field) as clerk:
                lines = [line(library_item(self.in_field("invoices")), description=text)]
                vendor = self.in_field("jobs")[0]["vendor"]
                return (await clerk.enter_work(name, lines, vendor, phone)).number

        return asyncio.run(enter())

    def documents(self, number: str) -> list[dict[str, Any]]:
        """Living documents of that number in the books."""
        return [d for d in self.in_books("invoices", invnum=number) if not d["void"]]

    def shown(self, number: str) -> dict[str, Any]:
        (invoice,) = self.in_field("invoices", number=number)
        found: dict[str, Any] = invoice
        return found

    def done(self, number: str) -> bool:
        """Posted, and the field service knows."""
        return bool(self.documents(number)) and self.shown(number)["status"] == "processed"


def _control(at: Ready, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
    tail = "?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(at.control_url + path + tail, data=data)) as answer:
        return json.load(answer)


def until(holds: Callable[[], object], what: str, seconds: float = _PATIENCE_S) -> None:
    """Returns once ``holds``; fails after a time that no healthy run needs."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes]) -> int:
    """As an init system does it: SIGTERM, and patience. The exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait(_PATIENCE_S)


@contextmanager
def sandbox(platform: str, *options: str) -> Iterator[Ready]:
    """One platform, in a process of its own; ``options`` as NAME=VALUE."""
    given = ["--size", str(CUSTOMERS), "--seed", str(SEED)]
    given += [word for option in options for word in ("--option", option)]
    process = subprocess.Popen(
        [sys.executable, "-m", "syncd", "sandbox", "serve", platform, *given],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield Ready.model_validate_json(process.stdout.readline())
        process.stdout.close()
    finally:
        stop(process)


# -- the site, as a person makes one ----------------------------------------------------------------


def fill_in(folder: Path, field: Ready, books: Ready) -> None:
    """What a person sets in the files that ``syncd init`` wrote, and the crosswalks and bridge.yaml."""
    for path in (folder / "profiles").iterdir():
        text = path.read_text()
        text = re.sub(r"SET  # the sandbox has (.*?)(; .*)?$", r"\1", text, flags=re.MULTILINE)
        path.write_text(re.sub(r": SET$", ": Acme", text, flags=re.MULTILINE))
    schema = Path(books.details["profile"]).with_name("mbxml.xsd")
    (folder / "profiles" / "mbxml.xsd").write_bytes(schema.read_bytes())
    service, bridge = free_ports(2)
    _replace(
        folder / "syncd.yaml",
        {
            "port: 8321": f"port: {service}",
            "# public_url: https://sync.example.com": f"public_url: http://127.0.0.1:{service}",
            "port: 8322": f"port: {bridge}",
            '# base_url: "https://api.servicetrade.com/api"': f"base_url: {field.details['base_url']}",
            "client_id: SET": f"client_id: {field.details['client_id']}",
            "company: SET": f"company: {json.dumps(books.details['company'])}",
            "user: SET": f"user: {books.details['user']}",
            '# dialect: "mssql"': "dialect: sqlite",
            "{seconds: 60, provenance: assumed}": "{seconds: 2, provenance: measured}",
            "{seconds: 300, provenance: assumed}": "{seconds: 2, provenance: measured}",
            "{every: 60s}": '{cron: "*/30 * * * *", timezone: America/Chicago}',
            "webhooks: false": "webhooks: true",
        },
    )
    (folder / "crosswalks" / f"{LINK}.yaml").write_text(_crosswalks())
    (folder / "bridge.yaml").write_text(f"""\
hub_url: ws://127.0.0.1:{bridge}
token: env:SYNCD_BRIDGE_TOKEN
sql_url: {json.dumps(books.details["database_url"])}
object: sandbox
sandbox_url: {books.url}
data_source: {json.dumps(books.details["data_source"])}
company: {json.dumps(books.details["company"])}
user: {json.dumps(books.details["user"])}
password: env:SAGE_PASSWORD
""")


def _replace(path: Path, texts: Mapping[str, str]) -> None:
    content = path.read_text()
    for old, new in texts.items():
        assert old in content, f"{old!r} is not in {path.name}"
        content = content.replace(old, new)
    path.write_text(content)


def _crosswalks() -> str:
    company = Company.of_size(SEED, CUSTOMERS)
    tax = [{"left": d.code, "right": str(d.ledger_number)} for d in company.tax_districts]
    accounts = [{"left": item.code, "right": str(item.ledger_account)} for item in company.items]
    tables = {"tax": {"pairs": tax, "default_right": tax[0]["right"]}, "gl_account": {"pairs": accounts}}
    return json.dumps(tables, indent=1)


@contextmanager
def at_home(
    folder: Path, *bridge: str, field_options: Sequence[str] = (), books_options: Sequence[str] = ()
) -> Iterator[House]:
    """Both sandboxes and a bridge run; ``folder`` becomes the site, by ``syncd init`` and editing.

    ``bridge``: what is said to ``syncd bridge`` besides.
    """
    with ExitStack() as stack:
        field = stack.enter_context(sandbox("servicetrade", *field_options))
        books = stack.enter_context(sandbox("sage100-contractor", *books_options))
        environment = {
            **os.environ,
            "SERVICETRADE_CLIENT_SECRET": field.details["client_secret"],
            "SYNCD_BRIDGE_TOKEN": new_token("bridge"),
            "SYNCD_OPERATOR_TOKEN": new_token("operator"),
            "SAGE_PASSWORD": books.details["password"],
            "XDG_STATE_HOME": str(folder / "reports"),
        }
        house = House(folder, field, books, environment)
        folder.mkdir()
        assert house.syncd("init", ".").code == 0
        assert house.syncd("check").code == 2, "what says SET must be set first"
        fill_in(folder, field, books)
        stack.enter_context(house.running("bridge", *bridge))
        yield house
