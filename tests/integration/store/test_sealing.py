"""Nothing that a customer would mind lies open on the disk: the file and its WAL are searched for it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from syncd.connectors.memory import Call, Fault, FaultKind, OrderedFaults
from syncd.core.errors import SyncdError
from syncd.core.model import PairState
from syncd.core.policy import Acknowledge, Mode
from syncd.secrets.sealed import Sealer
from syncd.store.database import ThreadedDatabase, sqlite_engine
from syncd.store.sql import SqlStore
from tests.integration.engine.operating import operator_of
from tests.integration.engine.world import VirtualClock, World, policy

KEY = bytes(range(32))
NAME, OTHER_NAME = "Canaryname Orchards", "Canaryother Bakery"
PHONE, MAIL = "555-867-5309", "canary.mail@example.com"
MEMO = "Canarymemo: gate code 4711"
NUMBER = "CANARY-10442"
WORDS = "Canarywords: Canaryname Orchards is over its limit of 1,234.56."
TOKEN = "canary-refresh-token-8c1f"
CANARIES = (
    NAME,
    OTHER_NAME,
    PHONE,
    MAIL,
    MEMO,
    NUMBER,
    WORDS,
    TOKEN,
    "867-5309",
    "4711",
    "1234.56",
    "1,234.56",
)

TOLD = Acknowledge(
    posted=(("set_external_id", "{key}"), ("set_status", "processed")),
    rejected=(("set_status", "failed"), ("comment", "{reason}")),
)


def sealed_world(path: Path) -> World:
    world = World(
        {
            "customer": policy("customer", Mode.BOTH),
            "invoice": policy(
                "invoice",
                Mode.LEFT_TO_RIGHT,
                create_only=True,
                select={"status": frozenset({"pending_accounting"})},
                acknowledge=TOLD,
            ),
        },
        database=ThreadedDatabase(sqlite_engine(f"sqlite:///{path}")),
    )
    world.store = SqlStore(world.store.database, world.clock, Sealer(KEY), KEY)
    world.start()
    return world


async def live_through_it(world: World) -> None:
    """Matches, creates, edits, a conflict, a refusal, a lost answer, a hold, a token: every kind of row."""
    left = world.left.add("customer", {"name": NAME, "phoneNumber": PHONE, "email": MAIL, "status": "active"})
    world.right.add("customer", {"acct_name": NAME.upper(), "tel": ""})
    world.left.add("customer", {"name": OTHER_NAME, "status": "active"})
    for _ in range(2):  # one it could be either of
        world.right.add("customer", {"acct_name": "Twice", "tel": PHONE})
    world.left.add("customer", {"name": "Twice", "status": "active"})
    await world.cycle()
    wire: dict[str, Any] = {"invoiceNumber": NUMBER, "transactionDate": "2026-10-01", "name": MEMO}
    wire |= {
        "totalPrice": 1234.56,
        "items": [{"description": MEMO, "total": 1234.56}],
        "customer": {"id": left},
    }
    world.right.faults = faults = OrderedFaults()
    faults.order(Call.WRITE, Fault(FaultKind.REJECTED, words=WORDS))
    world.left.add("invoice", {**wire, "status": "pending_accounting"})
    world.wait(600)
    await world.cycle()
    faults.order(Call.WRITE, Fault(FaultKind.LOST_AFTER))
    world.left.add("invoice", {**wire, "invoiceNumber": f"{NUMBER}-B", "status": "pending_accounting"})
    (key, *_) = world.right.records("customer")
    world.left.edit("customer", left, {"email": f"b.{MAIL}"})
    world.right.edit("customer", key, {"mail": f"c.{MAIL}"})
    world.wait(600)
    await world.cycle()
    await world.store.hold("flow:acme/invoice", "month end", "ann")
    world.left.add("invoice", {**wire, "invoiceNumber": f"{NUMBER}-C", "status": "pending_accounting"})
    world.wait(60)
    await world.cycle()
    await world.store.save("field", "refresh", TOKEN.encode())
    await operator_of(world).plan("acme")


def lying_open(folder: Path, canaries: Sequence[str]) -> list[str]:
    """Which of them can be read in the database or its WAL, in any case and either encoding."""
    files = [file for file in folder.iterdir() if file.name.startswith("state.db")]
    assert {"state.db", "state.db-wal"} <= {file.name for file in files}
    return [
        f"{canary!r} in {file.name}"
        for file in files
        for canary in canaries
        for encoding in ("utf-8", "utf-16-le")
        if canary.lower().encode(encoding) in file.read_bytes().lower()
    ]


async def test_no_customers_value_lies_open_on_the_disk(tmp_path: Path, empty: Path) -> None:
    path = tmp_path / "state.db"
    shutil.copy(empty, path)
    world = sealed_world(path)
    await live_through_it(world)
    states = (await world.store.counts(await world.store.flow("acme", "invoice"))).states
    assert states.keys() >= {PairState.QUARANTINED, PairState.HELD}, "every kind of row was written"
    states = (await world.store.counts(await world.store.flow("acme", "customer"))).states
    assert PairState.CONFLICT in states
    assert lying_open(tmp_path, CANARIES) == []
    assert lying_open(tmp_path, ("acme",)), "the search finds what is there"
    await world.store.database.close()


async def test_with_the_key_all_of_it_can_be_read_again(tmp_path: Path, empty: Path) -> None:
    path = tmp_path / "state.db"
    shutil.copy(empty, path)
    world = sealed_world(path)
    await live_through_it(world)
    await world.store.database.close()
    again = SqlStore(ThreadedDatabase(sqlite_engine(f"sqlite:///{path}")), VirtualClock(), Sealer(KEY), KEY)
    (life,) = await again.lives("invoice", NUMBER, "acme")
    assert life.reason == WORDS
    assert await again.load("field", "refresh") == TOKEN.encode()
    await again.database.close()
    stranger = Sealer(bytes(32))
    other = SqlStore(ThreadedDatabase(sqlite_engine(f"sqlite:///{path}")), VirtualClock(), stranger, KEY)
    with pytest.raises(SyncdError) as refused:
        await other.lives("invoice", NUMBER, "acme")
    assert NAME not in str(refused.value)
    await other.database.close()


async def test_a_natural_key_cannot_be_found_by_trying_names(tmp_path: Path, empty: Path) -> None:
    """Digests are keyed: the same name has another digest in another site."""
    digests = []
    for n in range(2):
        path = tmp_path / f"state-{n}.db"
        shutil.copy(empty, path)
        world = sealed_world(path)
        world.store = SqlStore(world.store.database, world.clock, Sealer(KEY), bytes([n]) * 32)
        world.start()
        world.left.add("customer", {"name": NAME, "status": "active"})
        await world.cycle()
        digests.append(world.store.keeper().digest("canaryname orchards"))
        await world.store.database.close()
        assert digests[n] in path.read_bytes()
    assert digests[0] != digests[1]
