"""Whether a write may still go out, asked once more where it had to wait for its turn on the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

STALE_AFTER_S: Final = 1.0
"""A permission to write older than this is asked for again: a kill switch takes effect within a second."""

Permission = Callable[[], Awaitable[bool]]

# of the write this task is sending: connectors pass nothing on, so none of them can forget to
_permission: ContextVar[Permission | None] = ContextVar("permission", default=None)


@contextmanager
def sending(permission: Permission) -> Iterator[None]:
    """While the block runs, what this task sends goes out by this permission."""
    token = _permission.set(permission)
    try:
        yield
    finally:
        _permission.reset(token)


async def still_permitted(waited_s: float) -> bool:
    """Whether a write that has waited so long for its turn may go out: asked again if that is long. True
    where nobody gave a permission: then nobody can take it back."""
    permission = _permission.get()
    return waited_s < STALE_AFTER_S or permission is None or await permission()
