"""What people do in the two products, and what stands there before anybody links them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.sim.platform import AdversarialPlatform
from tests.sim.truth import CANARY, LEFT, RIGHT, SIDES, Thing, Truth, Wire, dig, tag_of

_SPELLING = {
    LEFT: {
        "name": "name",
        "phone": "phoneNumber",
        "email": "email",
        "street": "address.street",
        "city": "address.city",
        "state": "address.state",
        "postal_code": "address.postalCode",
    },
    RIGHT: {
        "phone": "tel",
        "email": "mail",
        "street": "addr1",
        "city": "town",
        "state": "region",
        "postal_code": "zip",
    },
}
_TAIL = ", Heating, Cooling and Plumbing of Greater Springfield"
_NAME_RIGHT = {"customer": "acct_name", "location": "site_name"}


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """``{"a.b": 1}`` -> ``{"a": {"b": 1}}``."""
    wire: dict[str, Any] = {}
    for path, value in flat.items():
        head, _, rest = path.partition(".")
        if rest:
            wire.setdefault(head, {})[rest] = value
        else:
            wire[head] = value
    return wire


@dataclass(slots=True)
class Staff:
    """The people of both offices. ``tell``: what their product announces (side, entity, key); ``noticed``:
    told of every record (entity, tag) that they laid hands on."""

    random: Random
    truth: Truth
    platforms: dict[str, AdversarialPlatform]
    tell: Callable[[str, str, str], None]
    noticed: Callable[[str, str], None]
    now: Callable[[], float]
    wordy: bool
    """Whether they enter names that the ledger cannot hold whole."""

    def values(self, *units: str) -> dict[str, str]:
        """A value of its own for each unit."""
        n = self.truth.serial()
        made = {
            "name": f"{CANARY} Works {n}{_TAIL if self.wordy and n % 2 else ''}",
            "phone": f"555{n:07}",
            "email": f"{CANARY.lower()}{n}@example.com",
            "street": f"{n} {CANARY} Street",
            "city": f"Town {n}",
            "state": "OH",
            "postal_code": f"{n:05}",
        }
        wanted = {"address": ("street", "city", "state", "postal_code")}
        return {name: made[name] for unit in units for name in wanted.get(unit, (unit,))}

    def spelled(self, side: str, entity: str, values: dict[str, str]) -> dict[str, Any]:
        names = _SPELLING[side] | ({"name": _NAME_RIGHT[entity]} if side == RIGHT else {})
        # an ERP gets its blanks from people, and trims them
        padded = {k: f"{v}  " if side == RIGHT and k == "email" else v for k, v in values.items()}
        return nested({names[name]: value for name, value in padded.items()})

    # -- making records

    def add(self, side: str, entity: str, tag: str, wire: dict[str, Any]) -> str:
        platform = self.platforms[side]
        key = platform.add(entity, wire)
        thing = self.truth.thing(entity, tag)
        thing.entered[side] += 1
        self.truth.entered(thing, side, None, platform.records(entity)[key], self.now())
        self.tell(side, entity, key)
        return key

    def customer(self, side: str, tag: str, *units: str) -> str:
        wire = self.spelled(side, "customer", self.values("name", *units))
        number = {"refNumber": tag} if side == LEFT else {"acct_no": tag}
        status = {"status": "active"} if side == LEFT else {"state_code": 1}
        return self.add(side, "customer", tag, wire | number | status)

    def lookalike(self, side: str, tag: str, of_side: str, of: Wire) -> str:
        """A customer that bears nearly the name of one of the other side, and its phone."""
        names = {LEFT: ("name", "phoneNumber"), RIGHT: ("acct_name", "tel")}[of_side]
        name, phone = (str(of.get(n) or "").strip() for n in names)
        wire = self.spelled(side, "customer", {"name": name.replace("Works", "Worsk"), "phone": phone})
        number = {"refNumber": tag} if side == LEFT else {"acct_no": tag}
        status = {"status": "active"} if side == LEFT else {"state_code": 1}
        return self.add(side, "customer", tag, wire | number | status)

    def location(self, side: str, tag: str, customer: str) -> str:
        wire = self.spelled(side, "location", self.values("name", "phone"))
        more: dict[str, Any] = (
            {"storeNumber": tag, "company": {"id": customer}, "status": "active"}
            if side == LEFT
            else {"site_no": tag, "acct": int(customer), "state_code": 1}
        )
        return self.add(side, "location", tag, wire | more)

    def invoice(self, tag: str, customer: str, status: str) -> str:
        return self.add(
            LEFT,
            "invoice",
            tag,
            {
                "invoiceNumber": tag,
                "transactionDate": "2026-10-01",
                "status": status,
                "customer": {"id": customer},
                "name": f"{CANARY} service {self.truth.serial()}",
                **self.amounts(),
            },
        )

    def amounts(self) -> dict[str, Any]:
        """Lines in cents that binary floats cannot hold, their tax and their sum."""
        lines, cents = self._lines()
        tax = self.random.choice((0, 7, 1825))
        names = ("description", "quantity", "price", "total")
        items = [dict(zip(names, line, strict=True)) for line in lines]
        return {"items": items, "tax": tax / 100, "totalPrice": (cents + tax) / 100}

    def ledger_amounts(self) -> dict[str, Any]:
        """The same as the ledger spells it."""
        lines, cents = self._lines()
        detail = [
            {"ln": n, "descr": text, "qty": quantity, "unit": price, "ext": total}
            for n, (text, quantity, price, total) in enumerate(lines, 1)
        ]
        return {"detail": detail, "tax_amt": 0, "doc_total": cents / 100}

    def _lines(self) -> tuple[list[tuple[str, int, float, float]], int]:
        """(description, quantity, price, total) of each, and what they add up to: no two sums are equal."""
        amounts = self.random.choices((1, 10, 29, 1013, 33333, 8675309, -250), k=self.random.randint(1, 3))
        amounts[0] += self.truth.serial() * 100_000_000
        lines = [(f"{CANARY} line {n}", 1, amount / 100, amount / 100) for n, amount in enumerate(amounts)]
        return lines, sum(amounts)

    def payment(self, tag: str, invoice: str) -> str:
        cents = self.random.choice((1, 2999, 33333))
        return self.add(
            RIGHT,
            "payment",
            tag,
            {
                "check_no": tag,
                "doc": int(invoice),
                "paid_on": "2026-10-20",
                "paid_amt": cents / 100,
                "disc_amt": 0.1,
            },
        )

    # -- changing them

    def change(self, side: str, entity: str, key: str, patch: dict[str, Any], earlier_s: float = 0.0) -> None:
        platform = self.platforms[side]
        before = platform.living(entity, key)
        assert before is not None
        if earlier_s:
            platform.edit_stamped(entity, key, patch, earlier_s)
        else:
            platform.edit(entity, key, patch)
        after = platform.records(entity)[key]
        thing = self.thing_of(side, entity, after)
        self.truth.entered(thing, side, before, after, self.now())
        self.noticed(entity, tag_of(entity, side, after))
        self.tell(side, entity, key)

    def retouch(self, side: str, entity: str, key: str, unit: str, earlier_s: float = 0.0) -> None:
        """New values for one unit of a customer or location."""
        self.change(side, entity, key, self.spelled(side, entity, self.values(unit)), earlier_s)

    def remove(self, side: str, entity: str, key: str) -> dict[str, Any]:
        platform = self.platforms[side]
        wire = platform.living(entity, key)
        assert wire is not None
        self.thing_of(side, entity, wire).was_removed(side, wire)
        self.noticed(entity, tag_of(entity, side, wire))
        platform.remove(entity, key)
        self.tell(side, entity, key)
        return dict(wire)

    def restore(self, side: str, entity: str, key: str, wire: dict[str, Any]) -> None:
        thing = self.thing_of(side, entity, wire)
        thing.restored += 1
        self.noticed(entity, tag_of(entity, side, wire))
        thing.entered[side] += 1
        self.platforms[side].restore(entity, key)
        self.tell(side, entity, key)

    def merge(self, side: str, key: str, into: str) -> None:
        """One customer into another; the product hangs what belonged to it on the other one."""
        platform = self.platforms[side]
        gone, heir = platform.living("customer", key), platform.living("customer", into)
        assert gone is not None
        assert heir is not None
        self.truth.merged(side, "customer", gone, heir)
        for wire in (gone, heir):
            self.noticed("customer", tag_of("customer", side, wire))
        platform.merge("customer", key, into)
        self.tell(side, "customer", key)
        for entity in ("location", "invoice"):
            path = {"location": "company.id", "invoice": "customer.id"}[entity] if side == LEFT else "acct"
            heir_key = into if side == LEFT else int(into)
            for hanging, wire in platform.records(entity).items():
                if str(dig(wire, path)) == key:
                    self.change(side, entity, hanging, nested({path: heir_key}))

    def some(self, entity: str, *sides: str) -> tuple[str, str] | None:
        """(side, key) of a living record."""
        found = [
            (side, key) for side in sides or SIDES for key in sorted(self.platforms[side].records(entity))
        ]
        return self.random.choice(found) if found else None

    def thing_of(self, side: str, entity: str, wire: Any) -> Thing:
        return self.truth.thing(entity, tag_of(entity, side, wire))
