"""Made-up traffic: invoices as a platform might answer them, by the hundred, from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from monitor.compare import compare
from monitor.differences import Difference
from monitor.learning import learned
from monitor.shape import Shape

Record = dict[str, Any]


def invoices(count: int, seed: int) -> list[Record]:
    """Invoices whose fields behave as fields do: always there, at times missing, null, or empty."""
    dice = random.Random(seed)
    return [_invoice(dice, number) for number in range(count)]


def _invoice(dice: random.Random, number: int) -> Record:
    lines = [
        {"description": _words(dice), "quantity": dice.randint(1, 9), "price": _amount(dice), "taxable": True}
        for _ in range(dice.randint(1, 4))
    ]
    record: Record = {
        "id": 2_270_000_000_000_000 + dice.randrange(10**9),
        "invoiceNumber": f"S-{10_000 + number}",
        "status": dice.choices(("ok", "sent", "paid", "processed"), (5, 2, 2, 1))[0],
        "totalPrice": _amount(dice),
        "transactionDate": 1_772_000_000 + dice.randrange(5_000_000),
        "createdAt": f"2026-03-{dice.randint(1, 28):02}T{dice.randint(0, 23):02}:15:00Z",
        "notes": None if dice.random() < 0.4 else _words(dice),
        "partial": dice.random() < 0.3,
        "customer": {"id": dice.randrange(10**6), "name": _words(dice)},
        "items": lines,
    }
    if dice.random() < 0.8:
        record["customerPo"] = f"PO{dice.randrange(10**5)}"
    return record


def _words(dice: random.Random) -> str:
    words = ("north", "harbor", "timber", "copper", "vale", "granite", "maple", "summit")
    return " ".join(dice.choices(words, k=dice.randint(1, 4)))


def _amount(dice: random.Random) -> float:
    return round(dice.lognormvariate(5.5, 1.0), 2)


def shape_of(records: Sequence[Record]) -> Shape:
    """What the records look like together."""
    shape = Shape()
    for at, record in enumerate(records):
        shape.observe(record, str(at))
    return shape


@cache
def _baseline(count: int) -> Shape:
    return shape_of(invoices(count, 1))


def drift(change: Callable[[Record], None], *, count: int = 200) -> list[Difference]:
    """The certain differences once every record is changed so."""
    before, after = _baseline(count), invoices(count, 2)
    for record in after:
        change(record)
    found = compare(learned(before, "acme", "invoice"), shape_of(after), before)
    return [difference for difference in found if difference.certain]
