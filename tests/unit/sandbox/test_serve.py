"""Sandboxes as processes, and the control port beside them."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from syncd.core.errors import FixInput, SyncdError
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sandbox import Order, sandbox_platform
from syncd.sandbox.serve import SandboxProcess, running

SMALL = Order(seed=3, size=5)


async def test_a_process_says_where_it_listens_and_ends_when_asked() -> None:
    async with SandboxProcess.start("servicetrade", SMALL) as sandbox:
        async with SandboxControl(sandbox.control_url) as control:
            assert await control.health() == {"status": "ok", "platform": "servicetrade"}
            assert (await control.state())["invoice"] == 25
        assert sandbox.ready.details["base_url"] == f"{sandbox.url}/api"
    assert sandbox.process.returncode == 0


async def test_a_process_that_cannot_start_is_reported(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SyncdError, match="did not come up"):
        async with SandboxProcess.start("servicetrade", Order(options={"colour": "red"})):
            pass
    assert "'colour'" in capfd.readouterr().err


async def test_faults_are_ordered_counted_and_cleared() -> None:
    async with running("servicetrade", SMALL) as live, SandboxControl(live.control_url) as control:
        await control.order(Fault(kind=FaultKind.STATUS, status=503))
        async with aiohttp.ClientSession() as session, session.get(f"{live.url}/api/job") as answer:
            assert answer.status == 503
        (count,) = await control.faults()
        assert (count.seen, count.fired) == (1, 1)
        await control.clear_faults()
        assert await control.faults() == []


async def test_the_control_port_refuses_what_it_does_not_know() -> None:
    async with running("servicetrade", SMALL) as live, SandboxControl(live.control_url) as control:
        with pytest.raises(FixInput, match="no view 'invoice'"):
            await control.view("invoice")
        with pytest.raises(FixInput, match="no action 'explode'"):
            await control.act("explode")
        with pytest.raises(FixInput, match="whole number"):
            await control.act("webhooks/fail", times="many")


async def test_a_control_port_that_is_gone_is_named() -> None:
    async with running("servicetrade", SMALL) as live:
        url = live.control_url
    async with SandboxControl(url) as control:
        with pytest.raises(SyncdError, match="does not answer"):
            await control.health()


async def test_a_port_in_use_is_refused() -> None:
    async with running("servicetrade", SMALL) as live:
        port = int(live.url.rpartition(":")[2])
        with pytest.raises(FixInput, match="cannot be opened"):
            async with running("servicetrade", SMALL, port=port):
                pass


def test_a_platform_without_a_sandbox_is_named_with_the_nearest() -> None:
    with pytest.raises(FixInput) as wrong:
        sandbox_platform("servicetrad")
    assert "servicetrade" in wrong.value.remedy


async def test_a_profile_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FixInput, match="cannot be read"):
        async with running("servicetrade", Order(profile=tmp_path / "none.yaml")):
            pass
