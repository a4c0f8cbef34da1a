"""What is drift and what is chance: a sentence a case, over two hundred records a side."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor import paths
from monitor.compare import compare
from monitor.contract import Contract
from monitor.differences import Difference, Kind
from monitor.learning import learned
from monitor.shape import Shape
from tests.unit.monitor.records import Record, drift, invoices, shape_of


def _set(path: str, change: Callable[[Any], Any]) -> Callable[[Record], None]:
    def apply(record: Record) -> None:
        *above, leaf = path.split(".")
        at = record
        for step in above:
            at = at[step]
        at[leaf] = change(at[leaf])

    return apply


def _gone(name: str) -> Callable[[Record], None]:
    def apply(record: Record) -> None:
        del record[name]

    return apply


def _sometimes(share: float, change: Callable[[Record], None]) -> Callable[[Record], None]:
    dice = random.Random(5)

    def apply(record: Record) -> None:
        if dice.random() < share:
            change(record)

    return apply


def _lines(change: Callable[[Record], None]) -> Callable[[Record], None]:
    def apply(record: Record) -> None:
        for line in record["items"]:
            change(line)

    return apply


_AT = "createdAt"
CASES: list[tuple[str, Callable[[Record], None], Kind, str]] = [
    ("a field is gone", _gone("partial"), Kind.FIELD_GONE, "partial"),
    ("a field of lines is gone", _lines(_gone("taxable")), Kind.FIELD_GONE, "items[].taxable"),
    ("a field is new", lambda r: r.update(currency="USD"), Kind.FIELD_NEW, "currency"),
    ("missing at times", _sometimes(0.1, _gone("totalPrice")), Kind.OPTIONAL, "totalPrice"),
    ("null at times", _sometimes(0.1, _set("status", lambda _: None)), Kind.NULLABLE, "status"),
    ("a number became text", _set("totalPrice", str), Kind.TYPE_CHANGED, "totalPrice"),
    ("an id became text", _set("id", lambda v: f"inv_{v}"), Kind.TYPE_CHANGED, "id"),
    ("text at times", _sometimes(0.2, _set("id", str)), Kind.TYPE_WIDENED, "id"),
    ("a record became an id", _set("customer", lambda v: v["id"]), Kind.SHAPE_CHANGED, "customer"),
    ("a single line unwrapped", _set("items", lambda v: v[0]), Kind.SHAPE_CHANGED, "items"),
    ("a new value of a set", _sometimes(0.1, _set("status", lambda _: "void")), Kind.ENUM_NEW, "status"),
    ("a date without its zone", _set("createdAt", lambda v: v[:-1]), Kind.FORMAT_CHANGED, "createdAt"),
    ("days first", _set("createdAt", lambda v: f"{v[8:10]}/{v[5:7]}/{v[:4]}"), Kind.FORMAT_CHANGED, _AT),
    ("dollars became cents", _set("totalPrice", lambda v: round(v * 100)), Kind.SCALE, "totalPrice"),
    ("milliseconds", _set("transactionDate", lambda v: v * 1000), Kind.SCALE, "transactionDate"),
    ("the sign turned", _set("totalPrice", lambda v: -v), Kind.SIGN, "totalPrice"),
    ("nulls in most records", _sometimes(0.6, _set("notes", lambda _: None)), Kind.SHARE, "notes"),
    ("empty texts", _sometimes(0.5, _set("invoiceNumber", lambda _: "")), Kind.SHARE, "invoiceNumber"),
    ("zeros", _sometimes(0.6, _set("totalPrice", lambda _: 0.0)), Kind.SHARE, "totalPrice"),
    ("capitals", _set("customer.name", str.upper), Kind.SHARE, "customer.name"),
    ("padded", _set("customer.name", lambda v: v.ljust(40)), Kind.FORMAT_CHANGED, "customer.name"),
    ("masked", _set("customer.name", lambda v: "****" + v[-4:]), Kind.FORMAT_CHANGED, "customer.name"),
    ("cut", _set("customer.name", lambda v: v[:10]), Kind.FORMAT_CHANGED, "customer.name"),
    ("cents lost", _set("totalPrice", lambda v: float(round(v))), Kind.SHARE, "totalPrice"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "change", "kind", "path"), CASES, ids=[case[0] for case in CASES])
def test_a_drift_is_found(told: str, change: Callable[[Record], None], kind: Kind, path: str) -> None:
    found = drift(change)
    assert kind in {difference.kind for difference in found if difference.path == path}
    assert all(paths.inside(difference.path, paths.steps(path)[0]) for difference in found)


@pytest.mark.parametrize("seed", range(2, 12))
def test_other_records_of_the_same_platform_are_no_drift(seed: int) -> None:
    before = shape_of(invoices(200, 1))
    found = compare(learned(before, "acme", "invoice"), shape_of(invoices(200, seed)), before)
    assert [difference for difference in found if difference.certain] == []


def test_a_few_records_prove_little() -> None:
    def few(count: int) -> list[Difference]:
        before, after = shape_of(invoices(200, 1)), invoices(count, 2)
        for record in after:
            record.pop("customerPo", None)
        return compare(learned(before, "acme", "invoice"), shape_of(after), before)

    # missing in a fifth of the records anyway: three without it are nothing, thirty are
    assert [d.certain for d in few(3) if d.path == "customerPo"] == [False]
    assert [d.certain for d in few(30) if d.path == "customerPo"] == [True]


def test_the_days_of_another_quarter_and_other_peoples_addresses_are_no_new_values() -> None:
    def quarter(months: tuple[int, ...], people: range) -> Shape:
        dice = random.Random(5)
        return shape_of(
            [
                {"due": f"2026-{dice.choice(months):02}-{dice.randint(1, 28):02}", "to": f"c{n}@example.com"}
                for n in dice.choices(people, k=300)
            ]
        )

    before, after = quarter((1,), range(10)), quarter((4,), range(10, 20))
    assert [one for one in compare(learned(before, "acme", "invoice"), after, before) if one.certain] == []


def test_a_line_repeated_in_one_record_is_one_observation() -> None:
    def change(record: Record) -> None:
        if record["invoiceNumber"] == "S-10007":
            record["items"] = [{**record["items"][0], "price": "12.50"}] * 60

    assert drift(change) == []


def test_a_default_in_place_of_an_answer_is_told_and_one_customers_batch_is_not() -> None:
    def default(record: Record) -> None:
        record["customer"]["name"] = "customer"

    def batch(record: Record) -> None:
        record["customer"] = {"id": 7, "name": "north harbor"}
        record["customerPo"] = "PO-7"

    assert [(d.kind, d.path) for d in drift(default)] == [(Kind.SHARE, "customer.name")]
    assert [d for d in drift(batch) if "one constant" in d.after] == []


def test_an_evenings_approvals_all_stand_at_one_status() -> None:
    """What changed is what moved on: that says nothing of the platform."""

    def at(status: str, role: str) -> list[Difference]:
        before = shape_of(
            [{**each, "status": "ok" if n % 9 else status} for n, each in enumerate(invoices(200, 1))]
        )
        after = shape_of([{**each, "status": status} for each in invoices(30, 2)])
        contract = learned(before, "acme", "invoice")
        properties: Any = contract.schema["properties"]
        schema = {
            **contract.schema,
            "properties": {**properties, "status": {**properties["status"], "x-role": role}},
        }
        return [
            one for one in compare(replace(contract, schema=schema), after, before) if one.path == "status"
        ]

    assert [one.kind for one in at("pending", "")] == [Kind.SHARE]
    assert at("pending", "status") == []
    # no status at all is none
    assert [one.kind for one in at("", "status")] == [Kind.SHARE]


def test_a_renamed_field_names_its_successor() -> None:
    def change(record: Record) -> None:
        record["totalAmount"] = record.pop("totalPrice")

    gone = next(difference for difference in drift(change) if difference.kind is Kind.FIELD_RENAMED)
    assert gone.path == "totalPrice"
    assert gone.renames[0].path == "totalAmount"
    assert gone.renames[0].likeness > 0.8


def test_a_new_field_that_says_something_else_is_no_rename() -> None:
    def change(record: Record) -> None:
        del record["totalPrice"]
        record["comment"] = "north harbor"

    assert Kind.FIELD_RENAMED not in {difference.kind for difference in drift(change)}


def test_without_counts_the_contracts_own_word_is_certain() -> None:
    contract = Contract.parse(
        "x-platform: acme\nx-operation: invoice\ntype: object\nrequired: [total, status]\n"
        "properties:\n  total: {type: number}\n  status: {type: string, enum: [ok, paid]}\n"
    )
    shown = shape_of([{"total": "7.00", "status": "void"}] * 3)
    assert {(d.kind, d.path) for d in compare(contract, shown) if d.certain} == {
        (Kind.TYPE_CHANGED, "total"),
        (Kind.ENUM_NEW, "status"),
    }


def test_a_value_that_the_contract_names_is_known_before_any_record_showed_it() -> None:
    contract = Contract.parse(
        "x-platform: acme\nx-operation: invoice\ntype: object\nrequired: [status]\n"
        "properties:\n  status: {type: string, enum: [ok, pending_accounting, processed]}\n"
    )
    before = shape_of([{"status": ("ok", "pending_accounting")[at % 2]} for at in range(60)])

    def told(status: str) -> list[Kind]:
        shown = shape_of([{"status": status} for _ in range(30)])
        return [d.kind for d in compare(contract, shown, before) if d.kind is Kind.ENUM_NEW]

    assert told("processed") == []
    assert told("archived") == [Kind.ENUM_NEW]


def test_names_that_deepdiff_skips_by_default_are_seen() -> None:
    def change(record: Record) -> None:
        record["__typename"] = "Invoice"

    assert [difference.path for difference in drift(change)] == ["__typename"]


def test_most_fields_of_a_record_replaced_are_named_one_by_one() -> None:
    def change(record: Record) -> None:
        kept = record["id"]
        record.clear()
        record.update(id=kept, other=1)

    gone = {d.path for d in drift(change) if d.kind in (Kind.FIELD_GONE, Kind.FIELD_RENAMED)}
    assert {"status", "totalPrice", "customer", "items", "createdAt"} <= gone


def test_a_map_keyed_by_ids_is_one_place() -> None:
    dice = random.Random(3)

    def change(record: Record) -> None:
        record["balances"] = {f"{dice.randrange(10**6)}": dice.random() for _ in range(3)}

    found = drift(change)
    assert [difference.path for difference in found] == ["balances"]


def test_the_fingerprint_knows_neither_counts_nor_connection() -> None:
    def renamed(count: int) -> str:
        found = drift(_gone("partial"), count=count)
        return found[0].fingerprint("acme", "invoice")

    assert renamed(150) == renamed(250)
