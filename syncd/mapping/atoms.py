"""The kinds of single field a lens is made of.

An atom reads one wire value (``get``) and writes one (``put``). ``put`` returns ``KEEP`` when the
present wire value already says what is wanted: a lossy atom that always wrote would pass PutGet
and yet write phantom updates for ever (it fails GetPut).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from syncd.core.canonical import instant, money, number
from syncd.core.model import Value


class Keep(Enum):
    """Leave the wire value as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HUNDREDTH: Final = Decimal("0.01")


class Atom(Protocol):
    """One wire value <-> one canonical value. Raises ``ValueError`` for a value of the wrong kind."""

    def get(self, wire: Any) -> Value: ...

    def put(self, value: Value, current: Any) -> Any:
        """The wire value to write, or ``KEEP``. ``current`` is what stands there now (None if nothing)."""
        ...


def _keeps(atom: Atom, value: Value, current: Any) -> bool:
    if current is None:
        return value is None  # every atom reads nothing as nothing
    try:
        return atom.get(current) == value
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Text:
    """Text. Outer blanks are not content; empty text is NULL (``empty`` is how the wire writes NULL)."""

    max_length: int | None = None
    """Characters the platform stores; longer text is cut there, and compares equal to its cut."""
    empty: Any = ""

    def get(self, wire: Any) -> Value:
        if wire is None:
            return None
        if not isinstance(wire, str):
            raise ValueError(f"text expected, {type(wire).__name__} found")
        return wire.strip() or None

    def put(self, value: Value, current: Any) -> Any:
        wanted = self.cut(value)
        # uncut first: a width declared too small must not shorten what the platform does hold
        if _keeps(self, value, current) or _keeps(self, wanted, current):
            return KEEP
        return self.empty if wanted is None else wanted

    def cut(self, value: Value) -> str | None:
        """The text as this platform can hold it."""
        if value is None:
            return None
        return str(value).strip()[: self.max_length].strip() or None


@dataclass(frozen=True, slots=True)
class Identifier:
    """A key or code, text in canonical form whatever the wire uses. ``none`` is the wire's "no reference"."""

    as_integer: bool = False
    """Whether the wire holds it as an integer (read as text either way, never through a float)."""
    none: Any = None
    """Sage writes 0 where there is no reference."""

    def get(self, wire: Any) -> Value:
        if wire is None or wire == "" or wire == self.none:
            return None
        if isinstance(wire, bool) or not isinstance(wire, int | str):
            raise ValueError(f"identifier expected, {type(wire).__name__} found")
        return str(wire).strip()

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        if value is None:
            return self.none
        text = str(value)
        if not self.as_integer:
            return text
        # "007" would read back as "7": another identifier
        if not text.isascii() or not text.isdigit() or str(int(text)) != text:
            raise ValueError("this platform numbers such records, and the value is not a plain whole number")
        return int(text)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in currency units, exact to the cent."""

    as_text: bool = False

    def get(self, wire: Any) -> Value:
        return None if wire is None else money(wire)

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        if not isinstance(value, Decimal):
            return None
        return str(value) if self.as_text else float(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A quantity or rate: exact, any number of decimals."""

    as_text: bool = False

    def get(self, wire: Any) -> Value:
        return None if wire is None else number(wire)

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        if not isinstance(value, Decimal | int):
            return None
        return str(value) if self.as_text else float(value)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number."""

    def get(self, wire: Any) -> Value:
        if wire is None:
            return None
        if isinstance(wire, bool) or not isinstance(wire, int):
            raise ValueError(f"whole number expected, {type(wire).__name__} found")
        return wire

    def put(self, value: Value, current: Any) -> Any:
        return KEEP if _keeps(self, value, current) else value


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no. ``numeric`` platforms write 1 and 0."""

    numeric: bool = False

    def get(self, wire: Any) -> Value:
        if wire is None or isinstance(wire, bool):
            return wire
        if wire in (0, 1):
            return bool(wire)
        raise ValueError(f"yes/no expected, {type(wire).__name__} found")

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        return int(bool(value)) if self.numeric and value is not None else value


@dataclass(frozen=True, slots=True)
class Code:
    """A closed set: wire codes <-> canonical words. Several codes may mean one word.

    ``put`` writes the first code declared for the word, and keeps any present code that means it.
    """

    words: Mapping[Any, str]

    def get(self, wire: Any) -> Value:
        if wire is None:
            return None
        try:
            return self.words[wire]
        except (KeyError, TypeError):
            raise ValueError("a code outside its known set") from None

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        if value is None:
            return None
        for code, word in self.words.items():
            if word == value:
                return code
        raise ValueError(f"no code means {value!r} here")


@dataclass(frozen=True, slots=True)
class Hours:
    """A whole number of minutes or seconds as hours, to the hundredth of one, as payrolls keep them."""

    an_hour: int
    """How many of them an hour has: 60 minutes, 3600 seconds."""

    def get(self, wire: Any) -> Value:
        if wire is None:
            return None
        if isinstance(wire, bool) or not isinstance(wire, int):
            raise ValueError(f"a whole number expected, {type(wire).__name__} found")
        return number((Decimal(wire) / self.an_hour).quantize(_HUNDREDTH, ROUND_HALF_UP))

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        if not isinstance(value, Decimal | int):
            return None
        return int((Decimal(value) * self.an_hour).to_integral_value(ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class UnixTime:
    """An instant as whole unix seconds, UTC, or as milli- or microseconds (``per_s``: ticks a second)."""

    per_s: int = 1

    def get(self, wire: Any) -> Value:
        if wire is None:
            return None
        if isinstance(wire, bool) or not isinstance(wire, int):
            raise ValueError(f"unix time expected, {type(wire).__name__} found")
        return instant(wire) if self.per_s == 1 else _EPOCH + timedelta(seconds=1) * wire / self.per_s

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        if not isinstance(value, datetime):
            return None
        return (value - _EPOCH) // timedelta(microseconds=1) * self.per_s // 1_000_000


@dataclass(frozen=True, slots=True)
class UnixDay:
    """A calendar day that the wire holds as an instant in unix seconds, read in the site's zone."""

    zone: str = "UTC"
    as_text: bool = False
    """Whether the seconds stand in quotes."""

    def get(self, wire: Any) -> Value:
        if wire is None or (self.as_text and wire == ""):
            return None
        if self.as_text and isinstance(wire, str) and wire.removeprefix("-").isdecimal():
            wire = int(wire)
        if isinstance(wire, bool) or not isinstance(wire, int):
            raise ValueError(f"unix seconds expected, {type(wire).__name__} found")
        return instant(wire).astimezone(ZoneInfo(self.zone)).date()

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        if not isinstance(value, date):
            return None
        # noon: the day survives a reader that applies a zone of its own
        noon = int(datetime(value.year, value.month, value.day, 12, tzinfo=ZoneInfo(self.zone)).timestamp())
        return str(noon) if self.as_text else noon


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day as ISO text (a time after it is ignored)."""

    def get(self, wire: Any) -> Value:
        if wire is None or wire == "":
            return None
        if not isinstance(wire, str):
            raise ValueError(f"a date expected, {type(wire).__name__} found")
        return date.fromisoformat(wire[:10])

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        return value.isoformat()[:10] if isinstance(value, date) else None


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A wall-clock time without a zone, as on-premises servers keep it; canonical form is UTC."""

    zone: str = "UTC"

    def get(self, wire: Any) -> Value:
        if wire is None or wire == "":
            return None
        if not isinstance(wire, str):
            raise ValueError(f"a time expected, {type(wire).__name__} found")
        at = datetime.fromisoformat(wire)
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(self.zone))).astimezone(UTC)

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        if not isinstance(value, datetime):
            return None
        return value.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Tags:
    """A set of words. Their order says nothing; blanks around a word and empty words are no content."""

    separator: str = ""
    """How the wire holds them in one text; empty: as a list of texts."""

    def get(self, wire: Any) -> Value:
        if wire is None:
            return None
        if self.separator:
            if not isinstance(wire, str):
                raise ValueError(f"text expected, {type(wire).__name__} found")
            wire = wire.split(self.separator)
        if not isinstance(wire, list) or not all(isinstance(word, str) for word in wire):
            raise ValueError("a list of words expected")
        return frozenset(word.strip() for word in wire if word.strip()) or None

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        words = sorted(value) if isinstance(value, frozenset) else []
        if not self.separator:
            return words
        if any(self.separator in word for word in words):
            raise ValueError(f"a word with {self.separator!r} in it cannot be kept here")
        return self.separator.join(words)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a document: a list of records with their own small lens, in order."""

    fields: tuple[tuple[str, str, Atom], ...]
    """(canonical name, key in the wire line, atom)."""
    order: str = ""
    """Wire key that numbers the lines, where the platform does not promise their order."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Wire keys every written line carries."""

    def get(self, wire: Any) -> Value:
        if wire is None:
            return None
        if not isinstance(wire, list):
            raise ValueError(f"a list of lines expected, {type(wire).__name__} found")
        rows = sorted(wire, key=lambda row: row[self.order]) if self.order else wire
        lines = []
        for at, row in enumerate(rows, 1):
            if not isinstance(row, dict):
                raise ValueError(f"line {at}: a record expected, {type(row).__name__} found")
            try:
                lines.append({n: atom.get(row[key]) for n, key, atom in self.fields if key in row})
            except ValueError as wrong:
                raise ValueError(f"line {at}: {wrong}") from None
        return tuple(lines)

    def put(self, value: Value, current: Any) -> Any:
        if _keeps(self, value, current):
            return KEEP
        rows = self._rows(value)
        # compared as they would read back: a NULL that the wire leaves out, or a text that is cut,
        # would otherwise be written again for ever
        return KEEP if self._says(current, rows) else rows

    def _says(self, current: Any, rows: list[dict[str, Any]]) -> bool:
        try:
            return current is not None and _without_nulls(self.get(current)) == _without_nulls(self.get(rows))
        except ValueError:
            return False

    def _rows(self, value: Value) -> list[dict[str, Any]]:
        if not isinstance(value, tuple):
            return []
        written = []
        for at, line in enumerate(value, 1):
            row: dict[str, Any] = dict(self.fixed)
            if self.order:
                row[self.order] = at
            for name, key, atom in self.fields:
                if name in line and (put := atom.put(line[name], None)) is not KEEP:
                    row[key] = put
            written.append(row)
        return written


def _without_nulls(lines: Value) -> list[dict[str, Value]]:
    if not isinstance(lines, tuple):
        return []
    return [{name: value for name, value in line.items() if value is not None} for line in lines]
