"""What people do in the two products, and what stands there before anybody links them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.sim.platform import AdversarialPlatform
from tests.sim.truth import CANARY, LEFT, RIGHT, Thing, Truth, Wire, tag_of

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
    """The people of both offices. ``tell``: what their product announces (side, entity, key)."""

    random: Random
    truth: Truth
    platforms: dict[str, AdversarialPlatform]
    tell: Callable[[str, str, str], None]
    now: Callable[[], float]

    def values(self, *units: str) -> dict[str, str]:
        """A value of its own for each unit."""
        n = self.truth.serial()
        made = {
            "name": f"{CANARY} Works {n}",
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
        lines, cents = [], 0
        for n in range(self.random.randint(1, 3)):
            amount = self.random.choice((1, 10, 29, 1013, 33333, 8675309, -250))
            cents += amount
            lines.append(
                {
                    "description": f"{CANARY} line {n}",
                    "quantity": 1,
                    "price": amount / 100,
                    "total": amount / 100,
                }
            )
        tax = self.random.choice((0, 7, 1825))
        return {"items": lines, "tax": tax / 100, "totalPrice": (cents + tax) / 100}

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
        self.tell(side, entity, key)

    def retouch(self, side: str, entity: str, key: str, unit: str, earlier_s: float = 0.0) -> None:
        """New values for one unit of a customer or location."""
        self.change(side, entity, key, self.spelled(side, entity, self.values(unit)), earlier_s)

    def remove(self, side: str, entity: str, key: str) -> dict[str, Any]:
        platform = self.platforms[side]
        wire = platform.living(entity, key)
        assert wire is not None
        self.thing_of(side, entity, wire).removed[side] += 1
        platform.remove(entity, key)
        self.tell(side, entity, key)
        return dict(wire)

    def restore(self, side: str, entity: str, key: str, wire: dict[str, Any]) -> None:
        thing = self.thing_of(side, entity, wire)
        thing.restored += 1
        thing.entered[side] += 1
        self.platforms[side].restore(entity, key)
        self.tell(side, entity, key)

    def thing_of(self, side: str, entity: str, wire: Any) -> Thing:
        return self.truth.thing(entity, tag_of(entity, side, wire))
