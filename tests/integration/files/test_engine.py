"""Through the engine: accepted is not posted, a refusal reaches its source, what is mended goes again."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.connectors.memory import Manner, MemoryConnector
from syncd.core.model import PairState, Side
from syncd.core.outcome import ErrorClass, Outcome, Unknown
from syncd.core.policy import Mode
from syncd.engine.cycle import LinkEngine
from syncd.engine.gate import Gate
from syncd.engine.setup import End, link_setup
from syncd.files.connector import FileConnector
from syncd.ports import WriteRequest
from syncd.store.database import Database
from tests.integration.engine.test_acknowledge import TOLD, told
from tests.integration.engine.test_main_job import INVOICE
from tests.integration.engine.world import World, policy
from tests.integration.files.handover import NOW, Handover


class FileWorld(World):
    """The memory platform's field side, and a ledger that is written by file."""

    def __init__(self, site: Path, database: Database | None = None) -> None:
        self.handover = Handover(site)
        super().__init__(
            database=database,
            policies={
                "customer": policy("customer", Mode.LEFT_TO_RIGHT, create=frozenset()),
                "invoice": policy(
                    "invoice",
                    Mode.LEFT_TO_RIGHT,
                    create_only=True,
                    select={"status": frozenset({"pending_accounting"})},
                    acknowledge=TOLD,
                ),
            },
        )

    def start(self) -> None:
        usual = Manner(settle_s=30.0, settle_provenance="measured")
        ends = {
            Side.LEFT: End("field", MemoryConnector(self.left, usual)),
            Side.RIGHT: End("ledger", self.handover.connect()),
        }
        self.setup = link_setup("acme", ends, self.policies, self.tables)
        gates = {"field": Gate(4), "ledger": Gate(4)}
        self.engine = LinkEngine(self.setup, self.store, self.clock, gates)

    async def state(self, number: str = "S-10442") -> PairState:
        (life,) = await self.store.lives("invoice", number, "acme")
        return life.row.state

    def approve(self, customer: str, number: str = "S-10442") -> str:
        wire = {name: value for name, value in INVOICE.items() if name != "job"}
        more = {"customer": {"id": customer}, "status": "pending_accounting", "invoiceNumber": number}
        return self.left.add("invoice", {**wire, **more})


async def opened(site: Path, database: Database | None = None) -> tuple[FileWorld, str]:
    """A customer that stands in the ledger's report and is paired with it."""
    world = FileWorld(site, database)
    world.handover.report("customer", {"ORCH01": "Orchard Foods"})
    customer = world.left.add("customer", {"name": "Orchard Foods", "status": "active"})
    await world.cycle()
    return world, customer


async def approved(site: Path) -> tuple[FileWorld, str]:
    """An approved invoice, taken into the next batch."""
    world, customer = await opened(site)
    key = world.approve(customer)
    world.wait(60)
    await world.cycle()
    return world, key


async def test_accepted_is_not_posted_until_a_person_says_so(tmp_path: Path) -> None:
    world, key = await approved(tmp_path)
    (made,) = world.handover.desk().run("dana", NOW)
    for _ in range(3):
        world.wait(60)
        await world.cycle()
    assert await world.state() is PairState.IN_FLIGHT
    assert told(world, key) == []
    world.handover.desk().confirm(made.batch, "dana", NOW)
    world.wait(60)
    await world.cycle()
    assert await world.state() is PairState.IN_STEP
    assert told(world, key) == [("set_external_id", "S-10442"), ("set_status", "processed")]
    assert world.handover.desk().run("dana", NOW) == []


async def test_what_the_import_rejects_is_quarantined_and_goes_again_once_mended(tmp_path: Path) -> None:
    world, key = await approved(tmp_path)
    (made,) = world.handover.desk().run("dana", NOW)
    world.handover.desk().reject(made.batch, "Job is closed", "dana", NOW)
    world.wait(60)
    await world.cycle()
    assert await world.state() is PairState.QUARANTINED
    assert told(world, key) == [("set_status", "failed"), ("comment", "Job is closed")]
    world.left.edit("invoice", key, {"status": "pending_accounting", "name": "Another job"})
    for _ in range(2):
        world.wait(60)
        await world.cycle()
    (second,) = world.handover.desk().run("dana", NOW)
    world.handover.desk().confirm(second.batch, "dana", NOW)
    world.wait(60)
    await world.cycle()
    assert await world.state() is PairState.IN_STEP
    assert told(world, key)[2:] == [("set_external_id", "S-10442"), ("set_status", "processed")]


async def test_an_answer_that_got_lost_makes_no_second_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batches' memory has it and ours does not know: the same intent goes again, and is known again."""
    submit, asked = FileConnector.submit, []

    async def lost(self: FileConnector, request: WriteRequest) -> Outcome:
        outcome = await submit(self, request)
        asked.append(request.reference)
        return outcome if len(asked) > 1 else Unknown(ErrorClass.CONNECTION, "lost")

    monkeypatch.setattr(FileConnector, "submit", lost)
    world, _ = await approved(tmp_path)
    world.start()
    world.wait(120)
    await world.cycle()
    assert len(asked) == 2
    assert len(set(asked)) == 1
    assert [line.number for line in world.handover.desk().preview("invoice")[0].lines] == ["S-10442"]
    assert await world.state() is PairState.IN_FLIGHT
