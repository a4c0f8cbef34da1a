"""Nothing a customer wrote leaves the monitor: canaries in values, names, maps and broken records."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import impact
from monitor.baseline import Gathered, conclude
from monitor.compare import compare
from monitor.contract import Contract, Provenance
from monitor.differences import Difference
from monitor.editing import accept
from monitor.guard import Guard
from monitor.learning import learned
from monitor.repair import suggest_repair
from monitor.scrubbing import Scrubber
from monitor.shape import Shape
from syncd.connectors.memory import FIELD

CANARY = "zanzibar"
"""Part of everything a customer wrote here."""
CANARY_NUMBER = 7_316_204_958
law = settings(max_examples=12, deadline=None, derandomize=True)

written = st.sampled_from(
    [
        f"{CANARY} plumbing & sons",
        f"{CANARY}@example.test",
        f"https://{CANARY}.test/7",
        f"  {CANARY}  ",
        CANARY.upper(),
        f"INV_{CANARY}",
        CANARY,
    ]
)
names = st.builds("{}-{}".format, written, st.integers(0, 10**6))


@st.composite
def traffic(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Sixty records with canaries wherever a customer can write, and in places no contract expects."""
    texts, maps, notes = draw(st.lists(written, min_size=1)), draw(st.lists(names, min_size=1)), draw(written)
    dice = random.Random(draw(st.integers(0, 10**6)))
    records: list[dict[str, Any]] = []
    for number in range(60):
        record: dict[str, Any] = {
            "id": CANARY_NUMBER + number,
            "name": dice.choice(texts),
            "status": dice.choice(("ok", "paid")),
            "owner": {"name": dice.choice(texts), "phone": str(CANARY_NUMBER)},
            "balances": {f"{dice.choice(maps)} {number}": 1.5, f"{CANARY}{number * 7}": 2.5},
            "tags": [dice.choice(texts), notes],
        }
        if number == 31:
            record[f"{CANARY}_own_field"] = notes
        records.append(record)
    return records


def _told(*things: Any) -> str:
    """Everything that may be shown of them."""
    return "\n".join(
        json.dumps(thing, default=str) if not isinstance(thing, str) else thing for thing in things
    )


def _silent(text: str) -> None:
    assert CANARY not in text.lower()
    assert str(CANARY_NUMBER)[:7] not in text


def _shape(records: list[dict[str, Any]]) -> Shape:
    shape = Shape(b"secret")
    for record in records:
        shape.observe(record, str(record.get("id")))
    return shape


@law
@given(traffic())
def test_a_contract_holds_no_content(records: list[dict[str, Any]]) -> None:
    _silent(learned(_shape(records), "acme", "customer").text())


@law
@given(traffic(), st.sampled_from(["name", "status", "owner", "balances", "tags", "id"]), written)
def test_a_difference_its_repair_and_the_accepted_contract_hold_no_content(
    records: list[dict[str, Any]], struck: str, canary: str
) -> None:
    before = _shape(records)
    contract = learned(before, "acme", "customer")
    changed = [{**record, struck: canary, f"new_{struck}": canary} for record in records]
    for record in changed[::2]:
        del record[struck]
    for difference in compare(contract, _shape(changed), before):
        hit = impact.of(difference.path, FIELD.maps["customer"])
        repair = suggest_repair(difference, "acme", "customer", hit)
        _silent(_told(repr(difference), repair.summary, *repair.edits, repair.command))
        _silent(difference.fingerprint("acme", "customer"))
        _silent(_accepted(contract, difference))


def _accepted(contract: Contract, difference: Difference) -> str:
    known = difference.path in contract.fields or difference.kind.value == "field_new"
    return accept(contract.text(), difference) if known else ""


@law
@given(traffic(), st.sampled_from(["name", "status", "owner", "balances", "id"]), written)
def test_a_broken_record_is_told_of_without_its_content(
    records: list[dict[str, Any]], struck: str, canary: str
) -> None:
    guard = Guard(learned(_shape(records), "acme", "customer", closed={"status": ("ok", "paid")}))
    broken: Mapping[str, Any] = {**records[0], struck: [canary, {canary: canary}], f"{canary}": canary}
    found = [*guard.violations(broken), *guard.violations({**records[0], "status": canary})]
    assert found
    _silent(_told(*(repr(violation) for violation in found), *map(str, found)))


@law
@given(traffic())
def test_a_sample_keeps_the_build_and_loses_the_content(records: list[dict[str, Any]]) -> None:
    contract = learned(_shape(records), "acme", "customer", closed={"status": ("ok", "paid")})
    scrubber = Scrubber(contract, b"random")
    scrubbed = [scrubber.scrub(record) for record in records]
    _silent(_told(scrubbed))
    assert [record["status"] for record in scrubbed] == [record["status"] for record in records]
    assert [len(str(record["id"])) for record in scrubbed] == [len(str(record["id"])) for record in records]
    # who was equal is equal still: a reference leads to its record
    pairs = {(str(record["name"]), str(scrubber.scrub(record)["name"])) for record in records}
    assert len(pairs) == len({name for name, _ in pairs})


def test_what_is_written_to_disk_holds_no_content() -> None:
    records = [
        {
            "id": f"{number}",
            "name": f"{CANARY} {number}",
            "status": "active",
            "updated": 1_772_000_000 + number,
        }
        for number in range(80)
    ]
    found = Gathered("memory", FIELD.maps["customer"], {str(r["id"]): r for r in records}, b"secret")
    result = conclude(found, ["status"], Provenance())
    _silent(_told(result.contract.text(), *result.samples))
    assert result.contract.fields["status"].enum is not None


@pytest.mark.parametrize("text", ["2026-03-02T09:31:07.123+02:00", "1999-12-31", "-418.25", "USR-00417"])
def test_scrubbed_values_keep_their_spelling(text: str) -> None:
    contract = learned(_shape([{"id": 1, "at": text}] * 3), "acme", "x")
    [at] = {Scrubber(contract, b"random").scrub({"at": text}).get("at", "") for _ in range(2)} or {""}
    assert at != text
    assert len(at) == len(text)
