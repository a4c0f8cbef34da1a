"""Yesterday's state is put back, with or without the batches of today: no record is handed over twice."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

import pytest

from syncd.app import upkeep
from syncd.app.state import state_engine
from syncd.config.load import Site, load
from syncd.core.errors import FixInput
from syncd.core.model import PairState
from syncd.files import restoring
from syncd.store import migrate
from syncd.store import upkeep as state_upkeep
from syncd.store.database import InlineDatabase, sqlite_engine
from syncd.store.sql import SqlStore
from tests.integration.engine.test_restore import state
from tests.integration.files.handover import NOW, Handover, create
from tests.integration.files.test_command import Site as WithCommand
from tests.integration.files.test_engine import FileWorld, opened


async def test_a_state_that_forgot_what_was_handed_over_hands_nothing_over_again(tmp_path: Path) -> None:
    """Today one invoice was posted, one is in a file, one waits for it; the state knows of none of them."""
    world, customer = await opened(tmp_path, InlineDatabase(state(tmp_path / "state.db")))
    state_upkeep.copy(sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}"), tmp_path / "yesterday.db")
    desk = world.handover.desk()
    for number in ("S-1", "S-2", "S-3"):
        world.approve(customer, number)
        world.wait(60)
        await world.cycle()
        if number != "S-3":
            (made,) = desk.run("dana", NOW)
        if number == "S-1":
            desk.confirm(made.batch, "dana", NOW)
    world = await _with_the_state_of(tmp_path / "yesterday.db", world)
    for _ in range(3):
        world.wait(120)
        await world.cycle()
    assert {await world.state(n) for n in ("S-2", "S-3")} == {PairState.IN_FLIGHT}
    assert await world.state("S-1") is PairState.IN_STEP
    (third,) = desk.run("dana", NOW)
    assert [line.number for line in desk.lines(third.batch)] == ["S-3"]
    for batch in (made.batch, third.batch):
        desk.confirm(batch, "dana", NOW)
    world.wait(120)
    await world.cycle()
    assert {await world.state(n) for n in ("S-1", "S-2", "S-3")} == {PairState.IN_STEP}
    assert desk.run("dana", NOW) == []


async def _with_the_state_of(backup: Path, before: FileWorld) -> FileWorld:
    found = state_upkeep.inspect(backup)
    copied = backup.with_name("restored.db")
    copyfile(backup, copied)
    world = FileWorld(before.handover.site, InlineDatabase(state(copied)))
    world.handover.report("customer", {"ORCH01": "Orchard Foods"})
    world.left, world.clock = before.left, before.clock
    world.store = SqlStore(world.store.database, world.clock, world.store.keeper().seal, b"k" * 32)
    world.start()
    k = world.store.keeper()
    await world.store.database.write(lambda c: state_upkeep.begin_generation(c, k, found, "ann"))
    return world


# -- the batches themselves -------------------------------------------------------------------------


@pytest.fixture
def handover(tmp_path: Path) -> Handover:
    made = WithCommand(tmp_path)
    engine = state_engine(load(made.site / "syncd.yaml"))
    migrate.upgrade(engine)
    engine.dispose()
    return made


def site(handover: Handover) -> Site:
    return load(handover.site / "syncd.yaml")


async def until_evening(handover: Handover) -> Path:
    """S-1 was handed over and S-2 taken in before the backup; S-2 and S-3 were handed over after it."""
    backup = handover.site / "yesterday.db"
    await handover.connect().submit(create("S-1"))
    handover.desk().run("dana", NOW)
    await handover.connect().submit(create("S-2"))
    upkeep.backup(site(handover), backup)
    await handover.connect().submit(create("S-3"))
    handover.desk().run("dana", NOW)
    return backup


async def test_batches_that_know_more_than_the_backup_stay(handover: Handover) -> None:
    backup = await until_evening(handover)
    done = upkeep.restore(site(handover), backup, "ann")
    assert [(one.connection, one.kept) for one in done.batches] == [("books", True)]
    await handover.connect().submit(create("S-4"))
    (made,) = handover.desk().run("dana", NOW)
    assert [line.number for line in handover.desk().lines(made.batch)] == ["S-4"]


@pytest.mark.parametrize("begun_anew", [False, True], ids=["gone", "begun anew"])
async def test_batches_of_a_backup_make_nothing_until_it_is_known_what_was_handed_over(
    handover: Handover, begun_anew: bool
) -> None:
    backup = await until_evening(handover)
    for name in ("batches.db", "batches.db-wal", "batches.db-shm"):
        (handover.folder / name).unlink(missing_ok=True)
    if begun_anew:
        await handover.connect().submit(create("S-9"))
    (one,) = upkeep.restore(site(handover), backup, "ann").batches
    assert (one.kept, one.aside is not None) == (False, begun_anew)
    with pytest.raises(FixInput, match="of a backup"):
        handover.desk().run("dana", NOW)
    learned, count = restoring.resume(handover.desk(), [])
    assert (len(learned), count) == (1, 2)
    forgotten = create("S-3")
    again = type(forgotten)(
        forgotten.entity, forgotten.operation, "sy-other", body=forgotten.body, source_key="ST-S-3"
    )
    await handover.connect().submit(again)
    assert handover.desk().run("dana", NOW) == [], "S-2 and S-3 stand in today's batch"
    (batch, *_) = handover.desk().batches()
    assert {line.number: line.amount for line in handover.desk().lines(batch.id)}.keys() == {"S-2", "S-3"}
    handover.desk().confirm(batch.id, "dana", NOW)
    assert len(await handover.connect().evidence(again)) == 1


async def test_without_their_status_files_they_are_given_by_hand(handover: Handover) -> None:
    backup = await until_evening(handover)
    kept = handover.site / "kept"
    (handover.folder / "status").rename(kept)
    for path in handover.folder.glob("batches.db*"):
        path.unlink()
    upkeep.restore(site(handover), backup, "ann")
    with pytest.raises(FixInput, match="not named as a status file"):
        restoring.resume(handover.desk(), [handover.site / "syncd.yaml"])
    newest = max(kept.iterdir(), key=lambda path: (len(path.name), path.name))
    assert restoring.resume(handover.desk(), [newest]) == ([newest.stem], 2)
    assert handover.desk().run("dana", NOW) == []
