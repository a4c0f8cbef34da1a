"""Samples without content: records of the same build whose every value was replaced.

Types, spellings, lengths, signs and decimals stay, and equal values stay equal (a reference still
leads to its record); nothing of what a customer wrote remains. Kept are only yes/no, null, and the
values that the contract itself lists.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from monitor import lexical, paths
from monitor.contract import Contract

_FIXED: Final[Mapping[str, str]] = {
    "uri": "https://example.test/",
    "email": "@example.test",
    "date-rfc2822": "Mon, 02 Mar 2026 09:30:00 +0000",
    "duration": "PT1H",
    "empty": "",
}
_UNIX_SECONDS: Final = range(1_000_000_000, 4_000_000_000)
_DAY: Final = 1_772_409_600
"""2 March 2026, midnight UTC: where scrubbed instants lie."""
_CLOCK: Final = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?(?=$|Z|[+-])")


class Scrubber:
    """Replaces values, the same one by the same replacement as long as the scrubber lives."""

    def __init__(self, contract: Contract, secret: bytes) -> None:
        """``secret``: random bytes, thrown away afterwards; without them a replacement tells nothing."""
        self._contract = contract
        self._secret = secret

    def scrub(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The record with every value replaced. Names that the contract does not know are left out."""
        scrubbed: dict[str, Any] = self._value(dict(record), "")
        return scrubbed

    def _value(self, value: Any, path: str) -> Any:
        if isinstance(value, Mapping):
            return self._record(value, path)
        if isinstance(value, list):
            return [self._value(item, paths.items(path)) for item in value]
        if value is None or isinstance(value, bool):
            return value
        field = self._contract.fields.get(path)
        if field is not None and value in (*(field.enum or ()), *field.known_values):
            return value
        return self._text(value) if isinstance(value, str) else self._number(value)

    def _record(self, record: Mapping[str, Any], path: str) -> dict[str, Any]:
        if path in self._contract.maps:
            inside = f"{path}.{paths.ANY}" if path else paths.ANY
            return {f"name{at}": self._value(value, inside) for at, value in enumerate(record.values(), 1)}
        return {
            name: self._value(value, below)
            for name, value in record.items()
            if (below := paths.below(path, name)) in self._contract.fields
        }

    def _number(self, value: float | Decimal) -> int | float:
        if value == 0:
            return 0 if isinstance(value, int) else 0.0
        sign = -1 if value < 0 else 1
        if isinstance(value, int):
            if value in _UNIX_SECONDS:
                return _DAY + int(self._letters(str(value), "0123456789", 4))
            return sign * int(self._digits(str(abs(value))))
        places = lexical.decimals(value)
        whole = self._digits(str(int(abs(float(value)))))
        decimals = self._letters(repr(value), "123456789", places) if places else "0"
        return sign * float(f"{whole}.{decimals}")

    def _text(self, text: str) -> str:
        spelled = lexical.spelling(text)
        if spelled in ("decimal", "digits"):
            whole, point, decimals = text.strip().lstrip("+-").partition(".")
            sign = "-" if text.strip().startswith("-") else ""
            return sign + self._digits(whole) + point + self._letters(text, "123456789", len(decimals))
        if spelled in ("date", "date-time", "date-time-local"):
            day = 1 + int(self._letters(text, "0123456789", 2)) % 28
            return f"2026-03-{day:02}" + _CLOCK.sub(_half_past_nine, text.strip()[10:])
        if spelled in ("time", "hours-minutes"):
            return _CLOCK.sub(_half_past_nine, text.strip())
        if spelled in ("uri", "email"):
            word = self._letters(text, string.ascii_lowercase, 6)
            return _FIXED[spelled] + word if spelled == "uri" else word + _FIXED[spelled]
        if spelled in _FIXED:
            return _FIXED[spelled]
        if spelled == "uuid":
            digits = iter(self._letters(text, "0123456789abcdef", len(text)))
            return "".join(next(digits) if sign.isalnum() else sign for sign in text)
        return self._spelled_alike(text)

    def _spelled_alike(self, text: str) -> str:
        """Letter for letter, digit for digit; signs and spaces stay where they are."""
        stream = iter(self._bytes(text, len(text)))
        return "".join(_replaced(sign, next(stream)) for sign in text)

    def _digits(self, digits: str) -> str:
        """As many digits, the first one not zero where it was not."""
        if not digits.strip("0"):
            return digits
        first = self._letters(digits, "123456789", 1) if digits[0] != "0" else "0"
        return first + self._letters(digits + "+", "0123456789", len(digits) - 1)

    def _letters(self, of: str, alphabet: str, count: int) -> str:
        return "".join(alphabet[byte % len(alphabet)] for byte in self._bytes(of, count))

    def _bytes(self, of: str, count: int) -> bytes:
        found = b""
        while len(found) < count:
            found += blake2b(f"{len(found)}:{of}".encode(), key=self._secret).digest()
        return found[:count]


def _half_past_nine(clock: re.Match[str]) -> str:
    """The same precision, another time."""
    digits = iter("0930" + "0" * len(clock[0]))
    return "".join(next(digits) if sign.isdigit() else sign for sign in clock[0])


def _replaced(sign: str, byte: int) -> str:
    if sign.isdigit():
        return "0123456789"[byte % 10]
    if sign.isalpha():
        letter = string.ascii_lowercase[byte % 26]
        return letter.upper() if sign.isupper() else letter
    return sign
