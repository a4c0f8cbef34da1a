"""Canonical form: one value, one spelling, so that equal content has equal bytes.

``encode``/``decode`` round-trip every ``Record`` and are what is hashed and what is stored.
JSON with tags is used for both: a stored base can be read by a person with the key, and a
pickled one could run code.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from hashlib import blake2b
from json.encoder import encode_basestring
from typing import Any, Final

from syncd.core.model import Record, Value

CENT: Final = Decimal("0.01")
_ORDINARY: Final = 10**15
_IN_CENTS: Final = 10**13
"""Below it a float and its cents say each other exactly: no more than 15 digits."""
_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
"""A number of ordinary size, in digits."""


def money(value: object) -> Decimal:
    """An amount in currency units, two decimals, halves away from zero (what ledgers do).

    Floats go through ``str`` so that 418.25 stays 418.25. Raises ``ValueError`` for text that
    is no number, and for NaN and infinities.
    """
    if type(value) is float and -_IN_CENTS < value < _IN_CENTS:
        cents = round(value * 100)
        if cents / 100 == value:  # as nearly every amount is
            return Decimal(cents) * CENT
    try:
        plain = isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value)
        exact = Decimal(plain[0]) if plain else number(value)
        return exact.quantize(CENT, ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError("a number beyond what can be kept exactly") from None


def number(value: object) -> Decimal:
    """An exact number (quantity, unit price), without trailing zeros. Raises ``ValueError``."""
    short = _short(value)
    if short is not None:
        return short
    if isinstance(value, bool):
        raise ValueError("a yes/no value where a number belongs")
    try:
        exact = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not exact.is_finite():
        raise ValueError("not a finite number")
    plain = exact.normalize()
    if plain != exact:
        # more digits than the arithmetic keeps: rounding it unasked would change an amount
        raise ValueError("a number beyond what can be kept exactly")
    try:
        # normalize() writes 100 as 1E+2; quantize it back so that one number has one spelling
        return plain.quantize(Decimal(1)) if plain.as_tuple().exponent > 0 else plain  # type: ignore[operator]
    except InvalidOperation:
        raise ValueError("a number beyond what can be kept exactly") from None


def _short(value: object) -> Decimal | None:
    """JSON's own numbers of ordinary size, exactly and without trailing zeros: nearly all there are, and
    none of them needs the checks. None for everything else."""
    if type(value) is int:
        return Decimal(value) if -_ORDINARY < value < _ORDINARY else None
    if type(value) is float and -_ORDINARY < value < _ORDINARY:
        # a float prints without trailing zeros, but for the one that makes 3.0 of 3
        return Decimal(int(value)) if value.is_integer() else Decimal(repr(value))
    return None


def instant(seconds: float) -> datetime:
    """Unix seconds to aware UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _tag(value: object) -> dict[str, str | list[str]]:
    if isinstance(value, Decimal):
        return {"$n": str(value)}
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without a zone has no canonical form")
        return {"$t": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"$d": value.isoformat()}
    if isinstance(value, frozenset):
        return {"$w": sorted(value)}
    raise TypeError(f"{type(value).__name__} is not a canonical value")


_UNTAG: Final[Mapping[str, Callable[[Any], Value]]] = {
    "$n": Decimal,
    "$t": datetime.fromisoformat,
    "$d": date.fromisoformat,
    "$w": frozenset,
}


def _untag(fields: dict[str, Any]) -> Any:
    if len(fields) == 1:
        (tag, text), *_ = fields.items()
        if tag in _UNTAG:
            return _UNTAG[tag](text)
    return {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}


_encoder: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_tag
)


@lru_cache(maxsize=1024)  # the records of one kind have the same few sets of names
def _labelled(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(name, how it is written before its value), in order."""
    return tuple((name, encode_basestring(name) + ":") for name in sorted(names))


_day = lru_cache(maxsize=1024)(date.isoformat)


def _text(record: Record) -> str:
    """As the encoder writes it, in half the time: nearly all values are of these few kinds."""
    fields: list[str] = []
    for name, label in _labelled(tuple(record)):
        value: Any = record[name]
        kind = type(value)
        if kind is str:
            text = encode_basestring(value)
        elif kind is Decimal:
            text = f'{{"$n":"{value!s}"}}'
        elif value is None:
            text = "null"
        elif kind is bool:
            text = "true" if value else "false"
        elif kind is date:
            text = f'{{"$d":"{_day(value)}"}}'
        elif kind is tuple:
            lines = [_text(line) if type(line) is dict else _encoder.encode(line) for line in value]
            text = f"[{','.join(lines)}]"
        else:
            text = _encoder.encode(value)
        fields.append(label + text)
    return f"{{{','.join(fields)}}}"


class Fixed(dict[str, Value]):
    """A record that nothing changes any more: its bytes are made once, for the intent that carries it and for
    the base that is kept of it."""

    __slots__ = ("_bytes",)

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self._bytes = b""

    def encoded(self) -> bytes:
        """What ``encode`` gives for it."""
        self._bytes = self._bytes or _text(self).encode()
        return self._bytes


def encode(record: Record) -> bytes:
    """Canonical bytes of a record: sorted keys, tagged Decimals, dates and instants."""
    return record.encoded() if type(record) is Fixed else _text(record).encode()


def decode(data: bytes) -> dict[str, Value]:
    """The inverse of ``encode``."""
    decoded: dict[str, Value] = json.loads(data, object_hook=_untag)
    return decoded


def content_hash(record: Record) -> bytes:
    """16 bytes; equal for equal records. Keyed nowhere: it is compared, never shown."""
    return blake2b(encode(record), digest_size=16).digest()


# -- normalisers: what counts as "the same" between two sides --------------------------------

_PUNCTUATION: Final = re.compile(r"[^\w\s]|_")
_SPACES: Final = re.compile(r"\s+")
_COMPANY_SUFFIX: Final = re.compile(
    r"\b(inc|incorporated|llc|l l c|ltd|limited|corp|corporation|co|company|plc|lp|llp|gmbh)\b"
)


@lru_cache(maxsize=4096)  # a record's texts are folded when it is seen, decided and confirmed
def plain_text(text: str) -> str:
    """Case, accents' encoding, punctuation and spacing folded away; the words kept."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    folded = plain.casefold().replace("&", " and ")
    return _SPACES.sub(" ", _PUNCTUATION.sub(" ", folded)).strip()


def company_name(text: str) -> str:
    """``plain_text`` without legal suffixes and article: "The Orchard Foods, Inc." is "orchard foods"."""
    plain = plain_text(text)
    bare = _SPACES.sub(" ", _COMPANY_SUFFIX.sub(" ", plain)).strip()
    while bare.startswith("the "):
        bare = bare.removeprefix("the ")
    return bare or plain


def phone_digits(text: str) -> str:
    """Digits only, without a leading North American country code."""
    digits = re.sub(r"\D", "", text)
    return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits


NORMALISERS: Final[Mapping[str, Callable[[str], str]]] = {
    "exact": lambda text: text,
    "text": plain_text,
    "company": company_name,
    "phone": phone_digits,
}
"""By the name a field declares. Numbers, dates and lines always compare exactly."""


def empty(value: Value) -> bool:
    """Whether a value says nothing: NULL, empty text, no words, no lines. Nought and no say something."""
    return value is None or (not value and isinstance(value, str | tuple | frozenset))


def same(left: Value, right: Value, normaliser: str = "exact") -> bool:
    """Whether two values say the same thing. Empty text and NULL both say nothing."""
    if left == right or (empty(left) and empty(right)):
        return True
    fold = NORMALISERS[normaliser]
    if isinstance(left, str) and isinstance(right, str):
        return fold(left) == fold(right)
    if isinstance(left, frozenset) and isinstance(right, frozenset):
        return set(map(fold, left)) == set(map(fold, right))
    return False
