"""``syncd bridge``: the program beside the ERP. Runs until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from importlib import import_module
from typing import Any

import structlog

from syncd.bridge.com_object import com_object
from syncd.bridge.database import Database
from syncd.bridge.desk import Desk
from syncd.bridge.dial import Dial, Dialling
from syncd.bridge.mbxml_object import LedgerSession, Login, MbxmlObject
from syncd.bridge.outbox import Outbox
from syncd.bridge.settings import BridgeOptions
from syncd.logs import hide
from syncd.secrets.reference import SecretRef, resolve

log = structlog.get_logger(__name__)


Maker = Callable[[], MbxmlObject]
"""Makes the product's object, in the thread that will use it."""


async def run(
    options: BridgeOptions,
    maker: Callable[[BridgeOptions], Maker] | None = None,
    stop: asyncio.Event | None = None,
) -> int:
    """Serves until SIGTERM or SIGINT, or until ``stop`` is set, then lets what runs finish; 0.

    ``maker`` replaces the choice that ``options.object`` makes.
    Raises ``FixInput`` (settings, secrets) and ``StateLocked`` (another bridge has the outbox).
    """
    if stop is None:
        stop = asyncio.Event()
        _on_signals(stop)
    async with AsyncExitStack() as stack:
        desk = await _desk(options, maker or object_maker, stack)
        for reference in (options.token, options.password):
            if reference is not None:
                hide(resolve(reference, options.base_dir))
        dialling = Dialling(
            url=options.dial_url,
            token=resolve(options.token, options.base_dir).reveal(),
            tls=options.tls(),
        )
        await serve(Dial(dialling, desk), desk, stop)
    return 0


async def serve(dial: Dial, desk: Desk, stop: asyncio.Event) -> None:
    """Dials and works until ``stop``; a submit that was begun is finished and written down first.

    Raises what ended one of the two, should one end by itself.
    """
    stopping = asyncio.create_task(stop.wait())
    working: set[asyncio.Task[None]] = {asyncio.create_task(desk.run()), asyncio.create_task(dial.run())}
    either: set[asyncio.Task[Any]] = {stopping, *working}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    ended = [task for task in working if task.done()]
    log.info("stopping")
    stopping.cancel()
    for task in working:
        task.cancel()
    await desk.drain()
    await asyncio.wait(working)
    for task in ended:
        task.result()


async def _desk(
    options: BridgeOptions, maker: Callable[[BridgeOptions], Maker], stack: AsyncExitStack
) -> Desk:
    outbox = Outbox(options.base_dir / options.outbox)
    database = None
    if options.sql_url is not None:
        database = Database(_sql_url(options), readers=options.readers)
        stack.callback(database.close)
    ledger = None
    if options.object is not None and options.password is not None:
        login = Login(
            options.data_source,
            options.company,
            options.user,
            resolve(options.password, options.base_dir).reveal(),
            options.exclusive,
        )
        ledger = LedgerSession(maker(options), login)
        stack.push_async_callback(ledger.stop)
    desk = Desk(database, ledger, outbox)
    await desk.open()
    stack.push_async_callback(outbox.close)
    return desk


def _sql_url(options: BridgeOptions) -> str:
    url = options.sql_url or ""
    return resolve(url, options.base_dir).reveal() if isinstance(url, SecretRef) else url


def object_maker(options: BridgeOptions) -> Maker:
    """What ``options.object`` names."""
    if options.object == "com":
        return partial(com_object, options.com_class or "")
    # the sandbox is not part of a production bridge, and not loaded by one
    made: Callable[[str], MbxmlObject] = import_module(
        "syncd.sandbox.sage100_contractor.object_client"
    ).SandboxObject
    return partial(made, options.sandbox_url or "")


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Windows has no such handlers in asyncio; there Ctrl-C cancels the main task instead
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
