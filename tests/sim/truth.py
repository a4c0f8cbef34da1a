"""What people really entered: every edit with a value of its own, and what it was made upon.

Values are unique, so wherever one turns up it is known who entered it, and which values its author had
before their eyes. Shares no code with the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CANARY: Final = "Zq7Xw"
"""Stands in every name, address and text that people enter: it may turn up nowhere but in records."""

Wire = Mapping[str, Any]
LEFT, RIGHT = "left", "right"
SIDES: Final = (LEFT, RIGHT)


def other(side: str) -> str:
    return RIGHT if side == LEFT else LEFT


@dataclass(frozen=True, slots=True)
class Unit:
    """A field, or fields that only make sense together, as each side spells it."""

    name: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    digits: bool = False

    def paths(self, side: str) -> tuple[str, ...]:
        return self.left if side == LEFT else self.right

    def read(self, side: str, wire: Wire) -> str:
        """What the record says, in a form that is the same on both sides."""
        return "|".join(_plain(dig(wire, path), self.digits) for path in self.paths(side))


def dig(wire: Any, path: str) -> Any:
    for step in path.split("."):
        wire = wire.get(step) if isinstance(wire, Mapping) else None
    return wire


def _plain(value: Any, digits: bool) -> str:
    text = "" if value is None else str(value).strip()
    return "".join(c for c in text if c.isdigit()) if digits else text


_ADDRESS = Unit(
    "address",
    ("address.street", "address.city", "address.state", "address.postalCode"),
    ("addr1", "town", "region", "zip"),
)
_PHONE = Unit("phone", ("phoneNumber",), ("tel",), digits=True)
_EMAIL = Unit("email", ("email",), ("mail",))
UNITS: Final[Mapping[str, tuple[Unit, ...]]] = {
    "customer": (Unit("name", ("name",), ("acct_name",)), _PHONE, _EMAIL, _ADDRESS),
    "location": (Unit("name", ("name",), ("site_name",)), _PHONE, _EMAIL, _ADDRESS),
    "invoice": (Unit("description", ("name",), ("descr",)),),
    "payment": (),
}
TAGS: Final[Mapping[str, tuple[str, str]]] = {
    "customer": ("refNumber", "acct_no"),
    "location": ("storeNumber", "site_no"),
    "invoice": ("invoiceNumber", "doc_no"),
    "payment": ("referenceNumber", "check_no"),
}
"""entity -> the wire field that names the thing and that nobody ever changes."""
REFERENCES: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "customer": (),
    "location": (("customer", "company.id", "acct"),),
    "invoice": (("customer", "customer.id", "acct"),),
    "payment": (("invoice", "invoice.id", "doc"),),
}
MONEY: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "customer": (),
    "location": (),
    "invoice": (("totalPrice", "doc_total"), ("tax", "tax_amt"), ("retainage", "ret_amt")),
    "payment": (("paymentAmount", "paid_amt"), ("discount", "disc_amt")),
}


def tag_of(entity: str, side: str, wire: Wire) -> str:
    return str(wire.get(TAGS[entity][side == RIGHT]) or "")


@dataclass(slots=True)
class Edit:
    """One value that a person entered. ``upon``: the edit whose value stood there before."""

    side: str
    value: str
    upon: Edit | None
    at: float

    def rests_on(self, earlier: Edit) -> bool:
        """Whether its author had ``earlier`` before their eyes, directly or through others."""
        step: Edit | None = self
        while step is not None:
            if step is earlier:
                return True
            step = step.upon
        return False


@dataclass(slots=True)
class Thing:
    """One customer, invoice ... of the real world, wherever it is recorded."""

    entity: str
    tag: str
    entered: dict[str, int] = field(default_factory=lambda: {LEFT: 0, RIGHT: 0})
    """Records that people made, by side."""
    removed: dict[str, int] = field(default_factory=lambda: {LEFT: 0, RIGHT: 0})
    """Records that people deleted, by side."""
    restored: int = 0
    alike: bool = False
    """Kept by hand on both sides, where nothing but a name and a phone tell that it is the same."""
    replayed: bool = False
    """A platform carried out one of our updates once more, after others: it turned the clock back itself."""
    rewritten: bool = False
    """One of these was edited since."""
    created: dict[str, int] = field(default_factory=lambda: {LEFT: 0, RIGHT: 0})
    """Records that syncd made, by side."""
    edits: dict[tuple[str, str], Edit] = field(default_factory=dict)
    """(unit, value) -> the edit that entered it."""

    def edit_of(self, unit: str, value: str) -> Edit | None:
        return self.edits.get((unit, value))


class Truth:
    """All things, by entity and tag."""

    def __init__(self) -> None:
        self.things: dict[tuple[str, str], Thing] = {}
        self._serial = 0

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def thing(self, entity: str, tag: str) -> Thing:
        return self.things.setdefault((entity, tag), Thing(entity, tag))

    def entered(self, thing: Thing, side: str, before: Wire | None, after: Wire, at: float) -> None:
        """A person saved a record: every unit that shows another value than before is an edit."""
        for unit in UNITS[thing.entity]:
            value = unit.read(side, after)
            was = "" if before is None else unit.read(side, before)
            if value != was:
                thing.rewritten |= before is not None and unit.name in ("name", "phone")
                upon = thing.edit_of(unit.name, was)
                thing.edits.setdefault((unit.name, value), Edit(side, value, upon, at))
