"""What people really entered: every edit with a value of its own, and what it was made upon.

Values are unique, so wherever one turns up it is known who entered it, and which values its author had
before their eyes. Shares no code with the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
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
    money: bool = False
    width: int | None = None
    """How much of it the narrower side can hold: so much of it is compared."""

    def paths(self, side: str) -> tuple[str, ...]:
        return self.left if side == LEFT else self.right

    def shown(self, side: str, wire: Wire) -> bool:
        """Whether the record says anything of it, were it only that it is empty."""
        return all(dig(wire, path) is not None for path in self.paths(side))

    def read(self, side: str, wire: Wire) -> str:
        """What the record says, in a form that is the same on both sides."""
        if self.money:
            return "|".join(str(cents(dig(wire, path))) for path in self.paths(side))
        return "|".join(_plain(dig(wire, path), self.digits)[: self.width] for path in self.paths(side))

    def cut_short(self, side: str, before: Wire, after: Wire) -> bool:
        """Whether a record lost the end of what it said, and nothing else changed."""
        if self.width is None:
            return False
        was, now = (_plain(dig(wire, self.paths(side)[0]), self.digits) for wire in (before, after))
        return was != now and now == was[: self.width].strip()


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
    "customer": (Unit("name", ("name",), ("acct_name",), width=50), _PHONE, _EMAIL, _ADDRESS),
    "location": (Unit("name", ("name",), ("site_name",), width=50), _PHONE, _EMAIL, _ADDRESS),
    "invoice": (
        Unit("description", ("name",), ("descr",), width=50),
        Unit("amounts", ("totalPrice",), ("doc_total",), money=True),
    ),
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


@dataclass(slots=True, eq=False)
class Edit:
    """One value that a person entered. ``upon``: the edits whose values its author saw and gave up for it:
    the one that stood there before, and those over which that was chosen when records were merged. ``told``:
    what records had said that were merged into this one before, whatever this one said of it."""

    side: str
    value: str
    upon: list[Edit]
    at: float
    told: list[Edit] = field(default_factory=list)
    sides: set[str] = field(default_factory=set)
    """Where people entered it: on both where one customer was kept by hand on either, with the same phone."""

    def __post_init__(self) -> None:
        self.sides.add(self.side)

    def rests_on(self, earlier: Edit, *, shown: bool = False) -> bool:
        """Whether its author had ``earlier`` before their eyes, directly or through others. ``shown``: on
        the record itself."""
        known: list[Edit] = [self]
        for step in known:
            if step is earlier:
                return True
            # people may merge two records into each other, one way here and the other way there
            seen = step.upon if shown else [*step.upon, *step.told]
            known += [edit for edit in seen if edit not in known]
        return False


@dataclass(slots=True, eq=False)
class Thing:
    """One customer, invoice ... of the real world, wherever it is recorded."""

    entity: str
    tag: str
    entered: dict[str, int] = field(default_factory=lambda: {LEFT: 0, RIGHT: 0})
    """Records that people made, by side."""
    removed: dict[str, int] = field(default_factory=lambda: {LEFT: 0, RIGHT: 0})
    """Records that people deleted, by side."""
    last_said: dict[tuple[str, str], str] = field(default_factory=dict)
    """(side, unit) -> what a record said that people deleted there."""
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
    tags: set[str] = field(default_factory=set)
    """Its own, and those of all that people merged into it."""
    merged: dict[str, set[str]] = field(default_factory=lambda: {LEFT: set(), RIGHT: set()})
    """By side, the tags of records that people merged into another one there."""
    given_up: dict[tuple[str, str], list[Edit]] = field(default_factory=dict)
    """(side, unit) -> what records said that were merged into this one there."""
    posted_at: float | None = None
    """A document: since when it stands posted in the ledger."""
    voided: dict[str, float] = field(default_factory=dict)
    """A document: the sides on which people voided it, and when."""
    overwritten: set[str] = field(default_factory=set)
    """Those sides where a telling of ours put another status over it before anybody could know of it: no
    record says any more that it was voided there."""

    def was_voided(self, side: str, at: float) -> None:
        """A person voided it there: once more, perhaps, after the first void was overwritten."""
        if side not in self.voided or side in self.overwritten:
            self.voided[side] = at
        self.overwritten.discard(side)

    def void_on(self) -> set[str]:
        """The sides on which it still is what people voided there."""
        return self.voided.keys() - self.overwritten

    def was_removed(self, side: str, wire: Wire) -> None:
        """A person deleted its record there."""
        self.removed[side] += 1
        for unit in UNITS[self.entity]:
            self.last_said[side, unit.name] = unit.read(side, wire)

    def records_most(self, side: str) -> int:
        """How many records of it may stand on one side: one also where they were merged in a circle."""
        return max(1, len(self.tags - self.merged[side]))

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
        return self.things.setdefault((entity, tag), Thing(entity, tag, tags={tag}))

    def all_things(self) -> list[Thing]:
        """Each once, in the order in which they were entered."""
        return list(dict.fromkeys(self.things.values()))

    def entered(self, thing: Thing, side: str, before: Wire | None, after: Wire, at: float) -> None:
        """A person saved a record: every unit that shows another value than before is an edit."""
        for unit in UNITS[thing.entity]:
            value = unit.read(side, after)
            was = "" if before is None else unit.read(side, before)
            if value != was and value.strip("|"):
                thing.rewritten |= before is not None and unit.name in ("name", "phone")
                upon = thing.edit_of(unit.name, was)
                told = [*thing.given_up.get((side, unit.name), ())]
                edit = Edit(side, value, [upon] if upon else [], at, told)
                thing.edits.setdefault((unit.name, value), edit).sides.add(side)

    def merged(self, side: str, entity: str, gone: Wire, into: Wire) -> Thing:
        """A person merged one record into another: what they were is one thing from now on, and what the
        heir says was chosen over what the other said on this side."""
        lost, heir = (self.things[entity, tag_of(entity, side, wire)] for wire in (gone, into))
        for unit in UNITS[entity]:
            given_up = lost.edit_of(unit.name, unit.read(side, gone))
            chosen = heir.edit_of(unit.name, unit.read(side, into))
            if given_up is not None:
                heir.given_up.setdefault((side, unit.name), []).append(given_up)
            if given_up is not None and chosen is not None:
                chosen.upon.append(given_up)
        if lost is not heir:
            self._unite(lost, heir)
        heir.merged[side].add(tag_of(entity, side, gone))
        return heir

    def _unite(self, lost: Thing, heir: Thing) -> None:
        for mark, edit in lost.edits.items():
            same = heir.edits.setdefault(mark, edit)
            if same is not edit:  # the same value: who has seen the one has seen the other
                edit.upon.append(same)
                same.upon.append(edit)
                same.sides |= edit.sides
        for side in SIDES:
            heir.entered[side] += lost.entered[side]
            heir.removed[side] += lost.removed[side]
            heir.created[side] += lost.created[side]
            heir.merged[side] |= lost.merged[side]
            for unit in UNITS[heir.entity]:
                heir.given_up.setdefault((side, unit.name), []).extend(
                    lost.given_up.get((side, unit.name), ())
                )
        heir.restored += lost.restored
        heir.alike |= lost.alike
        heir.replayed |= lost.replayed
        heir.rewritten |= lost.rewritten
        heir.tags |= lost.tags
        self.things.update({(heir.entity, tag): heir for tag in lost.tags})


def cents(amount: Any) -> int:
    return int((Decimal(str(amount or 0)) * 100).to_integral_exact())
