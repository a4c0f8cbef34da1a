"""Runs sandboxes: in this process (``running``), in the foreground (``serve``), or as a process of
its own (``SandboxProcess``)."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from syncd.core.errors import FixInput, SyncdError
from syncd.sandbox.control import control_app
from syncd.sandbox.sandbox import Order, Sandbox, sandbox_platform

_GRACE_S = 5.0
"""How long a process may take to end after it was asked to."""


class Ready(BaseModel):
    """The one line a sandbox prints once both ports listen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    platform: str
    url: str
    """The platform's own surface."""
    control_url: str
    details: dict[str, str] = {}
    """What else a caller must know: a database's address, the made-up account's credentials."""


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that listens in this process."""

    ready: Ready
    sandbox: Sandbox

    @property
    def url(self) -> str:
        return self.ready.url

    @property
    def control_url(self) -> str:
        return self.ready.control_url


@asynccontextmanager
async def running(
    platform: str, order: Order | None = None, *, port: int = 0, control_port: int = 0
) -> AsyncIterator[Running]:
    """A sandbox in this process, on 127.0.0.1; port 0 takes a free one.

    Raises ``FixInput`` for a platform, option or profile that is not understood, or a port in use.
    """
    sandbox = sandbox_platform(platform).build(order or Order())
    control = control_app(platform, sandbox)
    async with _listening(sandbox.app, port) as url, _listening(control, control_port) as control_url:
        try:
            details = await sandbox.start(url)
            ready = Ready(platform=platform, url=url, control_url=control_url, details=dict(details))
            yield Running(ready, sandbox)
        finally:
            await sandbox.close()


@asynccontextmanager
async def _listening(app: web.Application, port: int) -> AsyncIterator[str]:
    # no grace for open requests: a hanging answer must not keep a sandbox alive
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError as error:
            raise FixInput(
                f"port {port} cannot be opened: {error.strerror}", remedy="name another"
            ) from error
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def serve(
    platform: str,
    *,
    port: int = 0,
    control_port: int = 0,
    seed: int = 1,
    size: int = 200,
    profile: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> None:
    """Serve one sandbox in the foreground until SIGTERM or SIGINT.

    Prints one JSON line (``Ready``) to stdout once both ports listen. ``size`` counts customers;
    ``profile`` replaces the sandbox's own site profile; ``options`` are the platform's own.
    Raises ``FixInput``.
    """
    order = Order(seed=seed, size=size, profile=profile, options=options or {})
    asyncio.run(_serve(platform, order, port, control_port))


async def _serve(platform: str, order: Order, port: int, control_port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(platform, order, port=port, control_port=control_port) as live:
        print(live.ready.model_dump_json(), flush=True)
        await stop.wait()


@dataclass
class SandboxProcess:
    """A sandbox in a process of its own."""

    ready: Ready
    process: asyncio.subprocess.Process = field(repr=False)

    @property
    def url(self) -> str:
        return self.ready.url

    @property
    def control_url(self) -> str:
        return self.ready.control_url

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        platform: str,
        order: Order | None = None,
        *,
        port: int = 0,
        control_port: int = 0,
        timeout_s: float = 60.0,
    ) -> AsyncIterator[SandboxProcess]:
        """Start one, wait until it listens, and end it on the way out.

        Its stderr is this process's. Raises ``SyncdError`` if it does not come up.
        """
        process = await asyncio.create_subprocess_exec(
            *_command(platform, order or Order(), port, control_port),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield cls(await _read_ready(platform, process, timeout_s), process)
        finally:
            await _end(process)


def _command(platform: str, order: Order, port: int, control_port: int) -> list[str]:
    call = {
        "platform": platform,
        "port": port,
        "control_port": control_port,
        "seed": order.seed,
        "size": order.size,
        "profile": None if order.profile is None else str(order.profile),
        "options": dict(order.options),
    }
    return [sys.executable, "-m", "syncd.sandbox", json.dumps(call)]


async def _read_ready(platform: str, process: asyncio.subprocess.Process, timeout_s: float) -> Ready:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), timeout_s)
        return Ready.model_validate_json(line)
    except (TimeoutError, ValidationError) as error:
        raise SyncdError(
            f"the {platform} sandbox did not come up", remedy="its own words are on stderr"
        ) from error


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _GRACE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
