"""The end of the main job's document: a void that its people enter after it stands in the ledger."""

from __future__ import annotations

from pathlib import Path

from syncd.demo.sides.servicetrade import Office
from tests.integration.pairs.story import Story, told


class Clerk(Office):
    """Whoever voids an invoice in ServiceTrade."""

    async def void(self, invoice: str) -> None:
        await self._ask("PUT", f"/invoice/{invoice}", {"status": "void"})


async def stands(story: Story, invoice: str) -> tuple[str, str, str]:
    """(state, reason, key in the ledger)."""
    (life,) = await story.opened.operator(daemon=False).explain("invoice", invoice)
    return life.state, life.reason, life.right_key or ""


async def test_a_void_after_posting_is_a_persons_until_the_ledger_has_it_too(tmp_path: Path) -> None:
    async with told("servicetrade-sage100-contractor", tmp_path) as story:
        await story.opened.wait_for_bridges()
        await story.sync()
        invoice, *_ = await story.field.waiting()
        await story.field.approve(invoice)
        await story.sync(2)
        state, _, key = await stands(story, invoice.key)
        assert (state, bool(key)) == ("in_step", True)

        details = story.at.ready[0].details
        async with Clerk(details["base_url"], details["username"], details["password"]) as clerk:
            await clerk.void(invoice.key)
        await story.sync()
        assert (await stands(story, invoice.key))[:2] == (
            "held",
            "voided on the left: void it on the right as well",
        )

        await story.controls[1].act("void_invoice", recnum=int(key))
        await story.sync(2)
        assert (await stands(story, invoice.key))[0] == "in_step"
