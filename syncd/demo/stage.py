"""What every demo stands on: two sandboxes as processes, a site that links them, a first sync, commands as a
person types them, patience, and a way to end it."""

from __future__ import annotations

import asyncio
import logging
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table

from syncd.api.models import Progress as Step
from syncd.api.models import SyncReport
from syncd.app.daemon import running
from syncd.app.installation import Installation, installation
from syncd.app.listening import bridges
from syncd.config.load import load
from syncd.core.errors import SyncdError
from syncd.demo.kept import left_running
from syncd.demo.pair import Linked
from syncd.demo.site import LINK, DemoSite, write_site
from syncd.logs import configure
from syncd.sandbox.company import Company
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import Ready, SandboxProcess

CUSTOMERS = 200
_WAIT_S = 90.0


class Promises(Protocol):
    """What a demo came to."""

    def model_dump_json(self, *, indent: int) -> str: ...

    def broken(self) -> Sequence[str]:
        """The promises that did not hold, in words."""
        ...


async def on_stage(tale: Callable[[Path, Console], Awaitable[int]]) -> int:
    """Tell a tale in a folder of its own, which is removed. Returns its exit code; 1 where it stopped."""
    console = Console(stderr=True)
    configure(logging.CRITICAL)  # the story is told on this terminal; a log would only interrupt it
    folder = Path(mkdtemp(prefix="syncd-demo-"))
    try:
        return await tale(folder, console)
    except SyncdError as error:
        console.print(f"[red]the demo stopped:[/red] {error.message} {error.remedy}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def conclude(result: Promises, shown: Sequence[Table], console: Console, *, as_json: bool) -> int:
    """Print what it came to, as one object or for a person. Returns the exit code: 1 for a broken promise."""
    if as_json:
        sys.stdout.write(result.model_dump_json(indent=2) + "\n")
    else:
        Console().print(*shown, sep="\n")
    for words in result.broken():
        console.print(f"[red]broken:[/red] {words}")
    return 1 if result.broken() else 0


@dataclass(frozen=True, slots=True)
class Platforms:
    """Both platforms as they listen, and the site between them."""

    left: Ready
    right: Ready
    left_control: SandboxControl
    right_control: SandboxControl
    site: DemoSite
    opened: Installation


@asynccontextmanager
async def platforms(
    told: Linked,
    folder: Path,
    seed: int,
    port: int,
    console: Console,
    prepare: Callable[[Path], None] = lambda _folder: None,
) -> AsyncIterator[Platforms]:
    """Both platforms, the bridge and the site, while the block runs; ``prepare``: what else the site's
    folder needs."""
    say(console, "starting both platforms as sandboxes, each in a process of its own")
    orders = [
        Order(seed=seed, size=CUSTOMERS, options=told.options.get(platform, {}))
        for platform in (told.left, told.right)
    ]
    async with (
        SandboxProcess.start(told.left, orders[0]) as left,
        SandboxProcess.start(told.right, orders[1]) as right,
        SandboxControl(left.control_url) as left_control,
        SandboxControl(right.control_url) as right_control,
    ):
        company = Company.of_size(seed, CUSTOMERS)
        site = write_site(folder, told, left.ready, right.ready, company, port)
        prepare(folder)
        async with _bridge(site, needed=told.bridge is not None), installation(load(site.config)) as opened:
            yield Platforms(left.ready, right.ready, left_control, right_control, site, opened)


@asynccontextmanager
async def _bridge(site: DemoSite, *, needed: bool) -> AsyncIterator[None]:
    """The bridge beside the ERP, a process of its own as on a customer's server."""
    if not needed:
        yield
        return
    with (site.folder / "bridge.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syncd", "bridge", str(site.bridge), stdout=log, stderr=log
        )
        try:
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def first_sync(opened: Installation, console: Console) -> SyncReport:
    """The first run of the link, with its progress and what became of each flow. Raises ``SyncdError``."""
    report: SyncReport | None = None
    columns = (SpinnerColumn(), TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn())
    async with bridges(opened):
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
            tasks: dict[str, TaskID] = {}
            async for event in opened.operator(daemon=False).sync(LINK, actor="demo"):
                if isinstance(event, Step):
                    name = f"{event.flow}: {event.phase}"
                    task = tasks.setdefault(
                        name, bars.add_task(name, total=None) if name not in tasks else tasks[name]
                    )
                    bars.update(task, completed=event.done, total=event.total)
                else:
                    report = event
    assert report is not None
    for flow in report.flows:
        if flow.error:
            raise SyncdError(f"first sync, {flow.flow}: {flow.error}")
        say(
            console,
            f"  {flow.flow:<10} read {flow.read:>5}, adopted {flow.adopted}, created {flow.created}, "
            f"updated {flow.updated}, in conflict {flow.conflicts}, quarantined {flow.quarantined}",
        )
    return report


def say(console: Console, text: str) -> None:
    """One line of the tale; never broken by a narrow terminal."""
    console.print(f"[bold]·[/bold] {text}", soft_wrap=True)


async def eventually(check: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it came to pass within the time that anything here may take."""
    deadline = asyncio.get_running_loop().time() + _WAIT_S
    while not await check():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.2)
    return True


async def until(check: Callable[[], Awaitable[bool]], what: str) -> None:
    """Raises ``SyncdError`` if it did not come to pass in that time."""
    if not await eventually(check):
        raise SyncdError(f"it did not come to pass within {_WAIT_S:g} s that {what}")


async def cycles(opened: Installation, count: int = 2) -> None:
    """So many runs of the link, beside the daemon."""
    for _ in range(count):
        async for _event in opened.operator(daemon=True).sync(LINK, actor="demo"):
            pass


async def outcomes(opened: Installation) -> dict[str, int]:
    """``flow: state`` -> how many pairs, as ``syncd status`` counts them."""
    status = await opened.operator(daemon=True).status(LINK)
    counted: dict[str, int] = {}
    for flow in status.links[0].flows:
        for word in ("in_step", "waiting", "conflicts", "quarantined", "held", "out_of_scope"):
            if count := getattr(flow, word):
                counted[f"{flow.flow}: {word.replace('_', ' ')}"] = count
    return counted


async def command(site: DemoSite, *words: str) -> str:
    """What a person would type after ``syncd``, in a process of its own. Returns what it wrote to stdout.
    Raises ``SyncdError`` in its own words."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "syncd",
        *words,
        "--yes",
        "--config",
        str(site.config),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    wrote, said = await process.communicate()
    if process.returncode:
        raise SyncdError(f"`syncd {shlex.join(words)}` failed: {said.decode(errors='replace').strip()}")
    return wrote.decode()


async def keep_running(
    opened: Installation, site: DemoSite, console: Console, tries: Mapping[str, str]
) -> None:
    """Leave it running until Ctrl-C. ``tries``: command -> what it shows."""
    lines = "\n".join(f"  {words:<38} {what}" for words, what in tries.items())
    console.print(
        f"""
Still running. In another terminal:
  export SYNCD_CONFIG={site.config}
{lines}
Ctrl-C ends it and removes everything.""",
        soft_wrap=True,
    )
    async with running(opened, asyncio.Event()):
        try:
            with left_running(site.config):
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            console.print("ending")
