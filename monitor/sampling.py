"""Which of the records that were read are looked at to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from syncd.ports import Observation

BULK: Final = 20
"""Records of one page that are all looked at ..."""
OF_BULK: Final = 8
"""... and how many of a longer one: a first load is decided record by record, and learned from by sample."""
TO_LEARN: Final = 200
"""The same while too little is known."""


def records(
    shown: Sequence[Observation], *, ready: bool, walk: int
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(key, record) of those that are looked at. ``ready``: whether enough is known already; ``walk``: which
    look it is, as another walk over the same records looks at others."""
    most = OF_BULK if ready else TO_LEARN
    step = 1 if len(shown) <= BULK else max(1, len(shown) // most)
    for one in shown[walk % step :: step]:
        if one.gone:
            continue
        try:
            record = orjson.loads(one.raw)
        except orjson.JSONDecodeError:
            continue
        if isinstance(record, dict):
            yield one.key, record
