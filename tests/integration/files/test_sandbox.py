"""Between our files and both products' imports, played: what stands in the ledger is what was in a batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from tests.integration.files.handover import NOW, Handover, create


@pytest.mark.parametrize("platform", ["sage300-cre", "computerease"])
async def test_what_was_rejected_is_imported_once_it_is_mended(tmp_path: Path, platform: str) -> None:
    handover = Handover(tmp_path, platform)
    async with running(platform, Order(size=4)) as live, SandboxControl(live.control_url) as control:
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
        assert sorted(row[0] for row in await control.view("rows")) == ["S-1", "S-2"]
    posted = handover.desk().ledger.posted_after("invoice", 0, 10)
    assert sorted(entry.key for entry in posted) == ["S-1", "S-2"]
