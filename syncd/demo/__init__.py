"""``syncd demo``: a pair of platforms on this machine, from two sandboxes to a table for a person."""

from __future__ import annotations

import asyncio


def run_drift(*, json: bool = False, seed: int = 1, port: int = 0) -> int:
    """Runs the story of a platform that changes. 0 if everything it promises held, 1 if not."""
    from syncd.demo.drift_servicetrade_sage100_contractor import tell  # noqa: PLC0415

    return asyncio.run(tell(as_json=json, seed=seed, port=port))


def run(pair: str, *, keep: bool = False, json: bool = False, seed: int = 1, port: int = 0) -> int:
    """Runs the story of a pair. 0 if everything it promises held, 1 if not (it says which)."""
    from syncd.demo.story import tell  # noqa: PLC0415 - the command line asks for `--help` far more often

    return asyncio.run(tell(pair, keep=keep, as_json=json, seed=seed, port=port))
