"""How a plain value is spelled: its lexical class and traits. Classes carry no content."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

_CLASSES: Final[tuple[tuple[str, str], ...]] = (
    # more special spellings first; the name is what a contract says in `format` or `x-format`
    ("date-time", r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$"),
    ("date-time-local", r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$"),
    ("date", r"\d{4}-\d\d-\d\d$"),
    ("date-slashed", r"\d{1,2}/\d{1,2}/\d{2,4}([ T]\d{1,2}:\d\d.*)?$"),
    ("date-dotted", r"\d{1,2}\.\d{1,2}\.\d{4}([ T]\d{1,2}:\d\d.*)?$"),
    ("date-epoch-wrapped", r"/Date\(-?\d+([+-]\d{4})?\)/$"),
    ("date-rfc2822", r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d"),
    ("hours-minutes", r"\d\d:\d\d$"),
    ("time", r"\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$"),
    ("duration", r"P(?=.)(\d+[YMWD])*(T(\d+(\.\d+)?[HMS])+)?$"),
    ("uuid", r"\{?[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}?$"),
    ("uri", r"[a-z][a-z0-9+.-]{1,10}://\S+$"),
    ("email", r"[^\s@]+@[^\s@]+$"),
    ("decimal", r"[+-]?\d+\.\d+$"),
    ("digits", r"[+-]?\d+$"),
    ("money-marked", r"[$€£]\s?-?[\d,]+(\.\d+)?$"),
    ("base64", r"(?=.{4})([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$"),
    ("coded", r"[A-Za-z]{1,8}[_-]\d+$"),
)
"""Name -> pattern at the start of the text."""

_COMPILED: Final = tuple((name, re.compile(pattern)) for name, pattern in _CLASSES)
_MARKUP: Final = re.compile(r"&(#\d+|[a-zA-Z]{2,8});|</?[a-zA-Z][^>]*>")
_MASK: Final = re.compile(r"[*•#]{3,}|\b[xX]{4,}")

AMOUNT: Final = re.compile(r"[+-]?\d+(\.\d+)?$")
"""A number as text."""

STANDARD_FORMATS: Final = frozenset({"date-time", "date", "time", "duration", "uuid", "uri", "email"})
"""Classes that JSON Schema names itself (``format``); the others go to ``x-format``."""

DATES: Final = frozenset(name for name, _ in _CLASSES if name.startswith("date"))


def json_type(value: Any) -> str:
    """JSON Schema's name of the value's type; ``Decimal`` and floats are ``number``."""
    if value is None:
        return "null"
    name = _TYPES.get(type(value))
    if name is None:
        raise TypeError(f"{type(value).__name__} is no JSON value")
    return name


_TYPES: Final = {
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "number",
    str: "string",
    dict: "object",
    list: "array",
    type(None): "null",
}


def spelling(text: str) -> str:
    """The lexical class of a text: ``empty``, ``text`` or one of ``_CLASSES``."""
    bare = text.strip()
    if not bare:
        return "empty"
    first = bare[0]
    if bare.isalpha() and len(bare) < 4:
        return "text"
    if first.isalpha() or first.isdigit() or first in "/{+-$€£." or "@" in bare:
        for name, pattern in _COMPILED:
            if pattern.match(bare):
                return name
    return "text"


def letters(text: str) -> str:
    """``upper``, ``lower``, ``mixed`` or ``none``: the case of a text."""
    if text.isupper():
        return "upper"
    if text.islower():
        return "lower"
    return "mixed" if text.upper() != text.lower() else "none"


def marks(text: str) -> str:
    """``padded``, ``masked``, ``markup`` or ``plain``: what stands in a text beside its words."""
    if text[:1].isspace() or text[-1:].isspace():
        return "padded"
    if _MASK.search(text):
        return "masked"
    return "markup" if _MARKUP.search(text) else "plain"


def decimals(value: float | Decimal) -> int:
    """Decimal places a number is written with, at most 6 (what is beyond is arithmetic's dust)."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    exponent = exact.normalize().as_tuple().exponent
    return min(6, max(0, -exponent)) if isinstance(exponent, int) else 0
