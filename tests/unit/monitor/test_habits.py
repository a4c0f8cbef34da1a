"""Amounts and their customers' habits: what is told from a large invoice, and what cannot be."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from monitor.habits import Habits
from syncd.mapping.atoms import Identifier, Lines, Money, Number, Text
from syncd.mapping.entity_map import EntityMap, FieldMap

LENS = EntityMap(
    "invoice",
    (
        FieldMap("number", "no", Text()),
        FieldMap("customer", "customer.id", Identifier()),
        FieldMap("total", "total", Money()),
        FieldMap("tax", "tax", Money()),
        FieldMap(
            "lines", "lines", Lines((("amount", "amount", Money()), ("quantity", "quantity", Number())))
        ),
    ),
)


def invoice(random: Random, customer: int, *, round_share: float = 0.0) -> dict[str, Any]:
    amount = (50 + 60 * (customer % 20)) * random.uniform(0.5, 2)
    amount = float(round(amount)) if random.random() < round_share else round(amount, 2)
    tax = round(amount * 0.07, 2)
    line: dict[str, Any] = {"amount": amount, "quantity": 2.0}
    return {"customer": {"id": customer}, "total": round(amount + tax, 2), "tax": tax, "lines": [line]}


def in_cents(record: dict[str, Any]) -> dict[str, Any]:
    lines = [{**line, "amount": round(line["amount"] * 100)} for line in record["lines"]]
    return {
        **record,
        "total": round(record["total"] * 100),
        "tax": round(record["tax"] * 100),
        "lines": lines,
    }


@pytest.fixture
def habits() -> Habits:
    random, made = Random(5), Habits(LENS, b"s")
    for n in range(600):
        made.learn(invoice(random, n % 60))
    return made


def test_every_first_invoice_in_cents_is_noticed_however_small(habits: Habits) -> None:
    random = Random(6)
    missed = [n for n in range(500) if habits.outlier(in_cents(invoice(random, n % 60))) is None]
    assert missed == []


def test_ordinary_invoices_pass(habits: Habits) -> None:
    random = Random(7)
    assert [n for n in range(2_000) if habits.outlier(invoice(random, n % 60)) is not None] == []


def test_a_large_job_of_a_small_customer_passes_and_a_hundredfold_one_waits(habits: Habits) -> None:
    usual = invoice(Random(8), 0)
    assert habits.outlier({**usual, "total": usual["total"] * 12}) is None
    found = habits.outlier({**usual, "total": usual["total"] * 1000})
    assert found is not None
    assert found.path == "total"


def test_all_places_of_the_other_unit_are_named_and_quantities_are_none(habits: Habits) -> None:
    random = Random(9)
    records = [in_cents(invoice(random, n)) for n in range(3)]
    assert habits.shifted(records, 100) == ["lines[].amount", "tax", "total"]


def test_an_amount_whose_size_tells_nothing_goes_with_the_others(habits: Habits) -> None:
    records = [in_cents(invoice(Random(n), n)) for n in range(2)]
    assert habits.shifted([{**one, "tax": 130} for one in records], 100) == ["lines[].amount", "tax", "total"]


def test_an_amount_that_plainly_stayed_is_left_alone(habits: Habits) -> None:
    mixed = [
        {**invoice(Random(n), n), "total": round(invoice(Random(n), n)["total"] * 100)} for n in range(5)
    ]
    assert "total" in habits.shifted(mixed, 100)
    assert "lines[].amount" not in habits.shifted(mixed, 100)
    assert "tax" not in habits.shifted(mixed, 100)


def test_an_accepted_unit_is_ordinary_from_then_on_and_survives_a_restart(habits: Habits) -> None:
    random = Random(10)
    habits.rescale(["lines[].amount", "tax", "total"], 100)
    again = Habits(LENS, b"s")
    again.restore(habits.to_bytes())
    assert again.outlier(in_cents(invoice(random, 3))) is None


def test_nothing_is_said_before_enough_is_known() -> None:
    made = Habits(LENS, b"s")
    assert made.outlier(in_cents(invoice(Random(1), 1))) is None


def test_nothing_of_an_amount_or_a_customer_is_kept(habits: Habits) -> None:
    kept = habits.to_bytes()
    assert b"customer" not in kept.replace(b"customers", b"")
    assert len(kept) < 40_000
