"""``syncd demo``: a pair of platforms on this machine, from two sandboxes to a table for a person."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine


def run_drift(*, json: bool = False, seed: int = 1, port: int = 0) -> int:
    """Runs the story of a platform that changes. 0 if everything it promises held, 1 if not."""
    from syncd.demo.drift_servicetrade_sage100_contractor import tell  # noqa: PLC0415

    return to_its_end(tell(as_json=json, seed=seed, port=port))


def run(pair: str, *, keep: bool = False, json: bool = False, seed: int = 1, port: int = 0) -> int:
    """Runs the story of a pair. 0 if everything it promises held, 1 if not (it says which)."""
    # the command line asks for `--help` far more often
    from syncd.demo import handover, labour, story  # noqa: PLC0415
    from syncd.demo.pair import FilePair, LabourPair, linked  # noqa: PLC0415
    from syncd.demo.pair import pair as named  # noqa: PLC0415

    told = linked(pair)
    if isinstance(told, FilePair):
        return to_its_end(handover.tell(told, keep=keep, as_json=json, seed=seed, port=port))
    if isinstance(told, LabourPair):
        return to_its_end(labour.tell(told, keep=keep, as_json=json, seed=seed, port=port))
    return to_its_end(story.tell(named(pair), keep=keep, as_json=json, seed=seed, port=port))


def to_its_end(story: Coroutine[None, None, int]) -> int:
    """A story that a closed terminal or a ``kill`` ends, ends as by Ctrl-C: nothing of it is left running.

    Raises: CancelledError, which the command line takes for an interruption.
    """
    return asyncio.run(_ended_by_signals(story))


async def _ended_by_signals(story: Coroutine[None, None, int]) -> int:
    told = asyncio.ensure_future(story)
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, told.cancel)
    return await told
