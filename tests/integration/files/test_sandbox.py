"""Between our files and both products' imports, played: what stands in the ledger is what was in a batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from tests.integration.files.handover import NOW, Handover, create

PLATFORMS = ("sage300-cre", "computerease")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_what_was_rejected_is_imported_once_it_is_mended(tmp_path: Path, platform: str) -> None:
    handover = Handover(tmp_path, platform)
    order = Order(size=4, profile=tmp_path)
    async with running(platform, order) as live, SandboxControl(live.control_url) as control:
        for number in ("S-1", "S-2"):
            await handover.connect().submit(create(number))
        (made,) = handover.desk().run("dana", NOW)
        answer = await control.act(
            "import", file=str(handover.folder / made.files[0]), refuse={"S-2": "Job is closed"}
        )
        (tmp_path / "rejected.txt").write_text("\n".join(answer["rejected"]))
        handover.desk().confirm(made.batch, "dana", NOW, rejects=tmp_path / "rejected.txt")
        mended = create("S-2")
        await handover.connect().submit(
            type(mended)(mended.entity, mended.operation, "sy-2", body=mended.body)
        )
        for again in handover.desk().run("dana", NOW):
            await control.act("import", file=str(handover.folder / again.files[0]))
            handover.desk().confirm(again.batch, "dana", NOW)
        assert sorted(one["number"] for one in await control.view("documents")) == ["S-1", "S-2"]
    posted = handover.desk().ledger.posted_after("invoice", 0, 10)
    assert sorted(entry.key for entry in posted) == ["S-1", "S-2"]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_the_import_objects_to_what_it_cannot_book_and_a_reversal_takes_it_back(
    tmp_path: Path, platform: str
) -> None:
    handover = Handover(tmp_path, platform)
    order = Order(size=4, profile=tmp_path)
    async with running(platform, order) as live, SandboxControl(live.control_url) as control:
        await handover.connect().submit(create("S-1"))
        (made,) = handover.desk().run("dana", NOW)
        files = [str(handover.folder / file) for file in made.files]
        assert (await control.act("preview", file=files[0])) == {"documents": 1, "total": "418.25"}
        assert (await control.act("preview", file=files[1])) == {"documents": 1, "total": "-418.25"}
        assert (await control.act("import", file=files[0]))["booked"] == 1
        twice = await control.act("import", file=files[0])
        assert twice["errors"] == {"S-1": "S-1 is on file already"}
        assert (await control.act("import", file=files[1], reversal=True))["booked"] == 1
        assert await control.view("documents") == []
