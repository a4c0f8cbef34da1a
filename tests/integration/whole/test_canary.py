"""A whole day with canaries at debug level, and then a search through everything that was left behind:
the state and its log, the bridge's outbox, both programs' logs, what every command said."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.whole.house import LINK, House, at_home, until

pytestmark = pytest.mark.timeout(240)

WORDS = "The posting period is closed."
"""Sage's own, in its refusal."""


def canary(what: str) -> str:
    return f"{what}-{secrets.token_hex(6)}"


@dataclass
class Left:
    """What was hidden, and where it might have got out."""

    hidden: Mapping[str, str]
    files: Mapping[str, bytes]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    secret, password = canary("client-secret"), canary("api-password")
    hidden = {
        "customer name": canary("Nachtigall"),
        "memo": canary("memo"),
        "phone": f"317-{secrets.randbelow(10**9):09}",
        "client secret": secret,
        "api password": password,
        "words": WORDS,
    }
    folder = tmp_path_factory.mktemp("canary") / LINK
    with at_home(
        folder,
        "--verbose",
        field_options=[f"client_secret={secret}"],
        books_options=[f"password={password}"],
    ) as house:
        hidden["bridge token"] = house.environment["SYNCD_BRIDGE_TOKEN"]
        hidden["control token"] = house.environment["SYNCD_OPERATOR_TOKEN"]
        hidden["master key"] = (folder / "keys" / "master.key").read_text().strip()
        files = a_day(house, hidden)
        yield Left(hidden, {**files, **read(house)})


def a_day(house: House, hidden: Mapping[str, str]) -> dict[str, bytes]:
    """First sync, an order on command, then a daemon: a webhook, a refusal, a doubt. What lies in the
    folder while it still runs (the write-ahead log is folded into the database at its end)."""
    assert house.syncd("sync", LINK, "--verbose").code == 0
    number = house.enter_work(hidden["customer name"], hidden["memo"], hidden["phone"])
    assert house.syncd("send", LINK, "invoice", number, "--verbose").code == 0
    (client,) = house.in_books("clients", clnnme=hidden["customer name"])
    assert client["phnnum"] == hidden["phone"], "the canaries were there to be seen"
    with house.daemon("--verbose"):
        until(lambda: house.in_field("webhooks")["hooks"], "webhooks are subscribed")
        house.order_in_books({"kind": "closed_period", "operation": "ARInvoiceAddRq"})
        house.approve(house.pick())
        until(lambda: refused(house), "one is refused")
        house.order_in_books({"kind": "commit_then_status", "path": "/object/submitXML", "status": 500})
        doubtful = house.approve(house.pick())
        until(lambda: house.done(doubtful), "one in doubt was looked up")
        return {f"{name} of the running daemon": data for name, data in read(house).items()}


def refused(house: House) -> bool:
    items = house.syncd("quarantine", "list", "-o", "json").data
    return any(item["reason"] == WORDS for item in items)


def read(house: House) -> dict[str, bytes]:
    """Every file that the programs wrote, and what the commands said. Keys and the site's own files,
    which a person wrote, are not among them."""
    own = {"keys", "profiles", "crosswalks", "contracts", "syncd.yaml", "bridge.yaml"}
    files = (p for p in house.folder.rglob("*") if p.is_file())
    written = {str(p.relative_to(house.folder)): p for p in files}
    kept = {name: p.read_bytes() for name, p in written.items() if Path(name).parts[0] not in own}
    return {**kept, "stderr of commands": "\n".join(house.talk).encode()}


@pytest.mark.parametrize(
    "what",
    [
        "customer name",
        "memo",
        "phone",
        "client secret",
        "api password",
        "bridge token",
        "control token",
        "master key",
        "words",
    ],
)
def test_nothing_hidden_stands_in_anything_that_was_left_behind(left: Left, what: str) -> None:
    text = left.hidden[what].encode()
    spellings = (
        text,
        text.upper(),
        text.lower(),
        text.replace(b"-", b""),
        b64encode(text),
        text.hex().encode(),
    )
    found = {name for name, data in left.files.items() for spelling in spellings if spelling in data}
    assert found == set()


def test_the_search_has_looked_where_it_matters(left: Left) -> None:
    for name in ("state.db", "bridge-outbox.sqlite", "run.log", "bridge.log", "stderr of commands"):
        assert name in left.files
    assert len(left.files["state.db-wal of the running daemon"]) > 0
    assert b"daemon started" in left.files["run.log"]
    assert b"document submitted" in left.files["bridge.log"]
