"""``sandbox`` and ``demo``: platforms played on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter
from cyclopts.validators import Number

from syncd.cli.exits import Exit
from syncd.cli.options import Output, options
from syncd.cli.output import Column, emit
from syncd.core.errors import FixInput

_Port: TypeAlias = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]


def serve(
    platform: str,
    /,
    *,
    port: _Port = 0,
    control_port: _Port = 0,
    seed: int = 1,
    size: Annotated[int, Parameter(validator=Number(gte=1))] = 200,
    profile: Path | None = None,
    option: tuple[str, ...] = (),
) -> int:
    """Serve a platform's documented API on 127.0.0.1 until Ctrl-C, with a made-up company in it.

    Prints one JSON line with its addresses once both ports listen. The control port orders faults
    and looks inside.

    For example:
      syncd sandbox serve servicetrade --port 8401 --seed 7 --size 50

    Parameters
    ----------
    platform
        `syncd sandbox list` names them.
    port
        Port of the platform's own API; 0 takes a free one.
    control_port
        Port for faults and for looking inside; 0 takes a free one.
    seed
        The same seed makes the same company.
    size
        Customers; locations, jobs and invoices follow in proportion.
    profile
        Site profile to play; the sandbox's own by default.
    option
        NAME=VALUE, a setting of this platform's sandbox; may be repeated.
    """
    from syncd.sandbox.serve import serve as serve_until_stopped  # noqa: PLC0415

    pairs = [item.partition("=") for item in option]
    for name, equals, _ in pairs:
        if not equals:
            raise FixInput(f"--option {name}: NAME=VALUE expected")
    serve_until_stopped(
        platform,
        port=port,
        control_port=control_port,
        seed=seed,
        size=size,
        profile=profile,
        options={name: value for name, _, value in pairs},
    )
    return Exit.OK


def list_() -> int:
    """List the platforms that can be played.

    For example:
      syncd sandbox list
    """
    from syncd.sandbox.sandbox import names  # noqa: PLC0415

    rows = [{"platform": name} for name in names()]
    emit([row["platform"] for row in rows], rows, [Column("platform", "PLATFORM")])
    return Exit.OK


def demo(
    pair: str = "servicetrade-sage100-contractor", /, *, keep: bool = False, seed: int = 1, port: _Port = 0
) -> int:
    """Watch a pair of platforms on this machine: two sandboxes, 200 customers, 25 invoices approved in the
    one and standing in the other's ledger seconds later, each exactly once. Or `drift`: ServiceTrade changes
    four times while invoices keep coming; each change is held before a bad posting, mended and drained.

    For example:
      syncd demo
      syncd demo buildops-acumatica
      syncd demo drift --json
      syncd demo --keep        # leave it running, with things to try
      syncd demo --json

    Parameters
    ----------
    pair
        Which two, named as field-ledger; another name lists those that there are. Or `drift`.
    keep
        Leave everything running at the end and say what to try next.
    seed
        The same seed makes the same company.
    port
        Port of the daemon; 0 takes a free one.
    """
    from syncd.demo import run, run_drift  # noqa: PLC0415

    if pair == "drift":
        if keep:
            raise FixInput("--keep belongs to the main job", remedy="syncd demo --keep")
        return int(run_drift(json=options().output is Output.JSON, seed=seed, port=port))
    return int(run(pair, keep=keep, json=options().output is Output.JSON, seed=seed, port=port))
