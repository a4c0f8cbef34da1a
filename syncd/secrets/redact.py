"""Keeps secrets out of what is logged: by field name, by pattern, and by knowing the secrets themselves.

The rule is that nothing secret is logged at all; this is the net under it. Bodies are never logged:
bytes become their length.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from json import dumps
from typing import Any, Final
from urllib.parse import quote

from structlog.processors import format_exc_info
from structlog.typing import EventDict, WrappedLogger

from syncd.secrets.reference import Secret

HIDDEN: Final = "***"
_SHORTEST_KNOWN: Final = 6
"""Shorter secrets are found by name and pattern only: replacing "abc" everywhere hides the log instead."""

_NAME: Final = (
    r"(?:pass(?:word|wd|phrase)|secret|token|jwt|authorization|cookie|api[_-]?key|master[_-]?key|private[_-]?key"
    r"|credentials?|session[_-]?id|phpsessid|assertion|signature)"
)
_SENSITIVE_FIELD: Final = re.compile(rf"{_NAME}s?$", re.IGNORECASE)
_HEADER: Final = r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=]\s*)[^\r\n]+"
_VALUE: Final = r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s&,;}\])]+)"
_PATTERNS: Final = (
    # a whole header: everything up to the end of the line belongs to its value
    (re.compile(_HEADER), rf"\1\2{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic|negotiate)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), HIDDEN),
    (re.compile(r"(?<=://)[^/\s@:]*:[^/\s@]*(?=@)"), HIDDEN),
    # name=value, "name": "value", name: value
    (re.compile(rf"(?i)({_NAME}['\"]?\s*[:=]\s*){_VALUE}"), rf"\1{HIDDEN}"),
)
_WORD: Final = re.compile(r"[\w-]*")
"""What no pattern can match: most values are one word."""


class Scrubber:
    """A structlog processor; ``text`` alone serves exceptions and everything else that is shown.

    Place it last before the renderer: it renders ``exc_info`` itself, so that tracebacks pass it too.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Hide this value wherever it appears, also URL-quoted, JSON-escaped or in base64."""
        value = secret.reveal()
        if len(value) < _SHORTEST_KNOWN:
            return
        encoded = base64.b64encode(value.encode()).decode()
        self._known |= {value, quote(value, safe=""), quote(value), dumps(value)[1:-1], encoded}
        longest_first = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def text(self, text: str) -> str:
        """``text`` with every secret replaced by ``***``."""
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        if _WORD.fullmatch(text):
            return text
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event = format_exc_info(logger, method, event)
        return {name: self._value(name, value) for name, value in event.items()}

    def _value(self, name: str, value: object) -> Any:
        if isinstance(value, bool | int | float) or value is None:
            return value
        if _SENSITIVE_FIELD.search(name):
            return HIDDEN
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        if isinstance(value, Mapping):
            return {self.text(str(inner)): self._value(str(inner), each) for inner, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(name, each) for each in value]
        return self.text(str(value))
