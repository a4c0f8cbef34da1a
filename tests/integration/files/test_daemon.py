"""What the daemon does about batches: makes what is due unless it is held, and reads back what came."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncd.app.exporting import desks, tend
from syncd.app.installation import Installation, installation
from syncd.config.load import load
from syncd.ports import EVERYTHING
from tests.integration.files.handover import Handover, create


@pytest.fixture
def handover(tmp_path: Path) -> Handover:
    """A site that links the memory platform to a ledger that is written by file, daily at six."""
    made = Handover(tmp_path)
    key = tmp_path / "master.key"
    key.touch(mode=0o600)
    key.write_text(b64encode(bytes(32)).decode())
    settings = {**made.settings_data, "schedule": {"at": "18:00"}}
    said = {
        "master_key": "file:master.key",
        "connections": {
            "field": {"platform": "memory", "settings": {"shape": "field"}},
            "books": {"platform": made.platform, "settings": settings},
        },
        "links": {
            "acme": {
                "left": "field",
                "right": "books",
                "schedule": {"every": "1h"},
                "flows": {"customer": {"mode": "left-to-right", "create": []}},
            }
        },
    }
    (tmp_path / "syncd.yaml").write_text(json.dumps(said))
    return made


@pytest.fixture
async def opened(handover: Handover) -> AsyncIterator[Installation]:
    async with installation(load(handover.site / "syncd.yaml"), handover.clock) as site:
        yield site


async def test_what_is_due_is_made_and_what_came_back_is_read(
    handover: Handover, opened: Installation
) -> None:
    desk = desks(opened.site)["books"]
    await handover.connect().submit(create("S-1"))
    await tend(opened, "books", desk)
    (batch,) = desk.batches()
    assert batch.actor == "schedule"
    (status,) = handover.files("status")
    (handover.folder / "returned" / status.name).write_text(status.read_text().replace("accepted", "posted"))
    await tend(opened, "books", desk)
    assert [line.state for line in desk.lines(batch.id)] == ["posted"]
    assert len(desk.batches()) == 1


@pytest.mark.parametrize("scope", [EVERYTHING, "connection:books", "link:acme", "flow:acme/customer"])
async def test_while_it_is_held_nothing_is_handed_over(
    handover: Handover, opened: Installation, scope: str
) -> None:
    desk = desks(opened.site)["books"]
    await handover.connect().submit(create("S-1"))
    held = await opened.operator(daemon=False).hold(scope, "month end", "dana")
    await tend(opened, "books", desk)
    assert desk.batches() == []
    await opened.operator(daemon=False).release([held.id], "dana")
    await tend(opened, "books", desk)
    assert len(desk.batches()) == 1
