"""What ``syncd init`` begins a site with: connections, flows and tables of a pair, as its demo has them."""

from __future__ import annotations

from syncd.config.scaffold import Beginning
from syncd.demo.pair import FilePair, linked
from syncd.sandbox.company import Company

_FORM = """\
# The form of a file that the sandbox's import takes; your ledger's is another. Write it down from a file that
# your import accepted and have somebody review it: without `reviewed` it is not used.
# reviewed: {by: WHO, on: YYYY-MM-DD, against: WHICH FILE}
"""


def beginning(name: str) -> Beginning:
    """Of the pair of that name. Raises ``FixInput`` with the nearest known one."""
    pair = linked(name)
    layouts = pair.layouts if isinstance(pair, FilePair) else None
    return Beginning(
        left=pair.left,
        right=pair.right,
        left_settings=pair.needs.get("left", ""),
        right_settings=pair.needs.get("right", ""),
        flows=pair.flows,
        tables=tuple(pair.crosswalks(Company.of_size(1, 1))),
        files={
            f"layouts/{path.name}": _unreviewed(path.read_text("utf-8"))
            for path in (() if layouts is None else sorted(layouts.glob("*.yaml")))
        },
    )


def _unreviewed(layout: str) -> str:
    _, _, form = layout.partition("\nentity:")
    return f"{_FORM}entity:{form}"
