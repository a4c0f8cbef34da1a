"""Accepting a drift: by this change only, comments kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor import desk
from monitor.contract import Contract
from monitor.differences import Difference, Kind
from monitor.editing import accept, write
from syncd.api.drift import DriftEdit
from syncd.core.errors import FixInput
from tests.unit.monitor.test_alerts import EVENT

TEXT = """\
# what Acme answers for an invoice
x-platform: acme
x-operation: invoice
type: object
required: [id, total, notes]
properties:
  id: {type: integer, x-role: key}   # never shown to people
  # with tax
  total:
    type: number
    x-unit: currency
  notes: {type: string}
  status:
    type: string
    enum:
      - ok     # approved
      - paid
  items:
    type: array
    items:
      type: object
      properties:
        at: {type: string, format: date-time}
"""


def _accepted(kind: Kind, path: str, after: Mapping[str, Any] | None = None, **more: Any) -> Contract:
    text = accept(TEXT, Difference(kind, path, {}, after or {}), **more)
    for comment in ("# what Acme answers", "# never shown to people", "# with tax", "# approved"):
        assert comment in text or (path == "total" and comment == "# with tax")
    return Contract.parse(text)


def test_a_field_that_is_gone_is_dropped_and_nothing_else() -> None:
    contract, before = _accepted(Kind.FIELD_GONE, "notes"), Contract.parse(TEXT)
    assert before.fields.keys() - contract.fields.keys() == {"notes"}
    assert contract.schema["required"] == ["id", "total"]


def test_a_new_field_is_added() -> None:
    contract = _accepted(Kind.FIELD_NEW, "items[].price", {"types": ["integer", "number"]})
    assert contract.fields["items[].price"].types == {"number"}
    assert not contract.fields["items[].price"].required


def test_a_null_is_allowed() -> None:
    assert _accepted(Kind.NULLABLE, "total").fields["total"].types == {"number", "null"}


def test_a_field_may_be_missing() -> None:
    field = _accepted(Kind.OPTIONAL, "total").fields["total"]
    assert (field.required, field.presence) == (False, "usually")


def test_another_type_takes_the_place() -> None:
    assert _accepted(Kind.TYPE_CHANGED, "total", {"types": ["string"]}).fields["total"].types == {"string"}


def test_a_new_value_stands_in_its_set() -> None:
    contract = _accepted(Kind.ENUM_NEW, "status", values=["void", "paid"])
    assert contract.fields["status"].enum == ("ok", "paid", "void")


def test_another_spelling_is_named() -> None:
    field = _accepted(Kind.FORMAT_CHANGED, "items[].at", {"format": "date-slashed"}).fields["items[].at"]
    assert field.format == "date-slashed"


def test_cents_are_written_down_as_cents() -> None:
    assert _accepted(Kind.SCALE, "total", {"factor": 100.0}).fields["total"].unit == "cents"


def test_a_place_that_is_no_longer_there_is_refused() -> None:
    with pytest.raises(FixInput, match="no place 'gone'"):
        accept(TEXT, Difference(Kind.NULLABLE, "gone"))


def test_what_is_no_contract_is_refused_with_its_line() -> None:
    with pytest.raises(FixInput, match="x-platform and x-operation are missing"):
        Contract.parse("type: object")
    with pytest.raises(FixInput, match=r"invoice\.yaml:2"):
        Contract.parse("a: 1\n  b: [", "invoice.yaml")


def test_learning_again_keeps_what_people_wrote(tmp_path: Path) -> None:
    file = tmp_path / "acme" / "invoice.yaml"
    file.parent.mkdir()
    file.write_text(TEXT)
    schema = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "total": {"type": "number"}, "new": {"type": "boolean"}},
    }
    write(file, Contract("acme", "invoice", schema))
    again = Contract.load(file)
    assert "# never shown to people" in file.read_text()
    assert again.fields["id"].role == "key"
    assert again.fields["total"].unit == "currency"
    assert again.fields.keys() == {"", "id", "total", "new"}


def test_a_contract_written_is_the_contract_read() -> None:
    contract = Contract.parse(TEXT)
    assert Contract.parse(contract.text()).fields == contract.fields
    assert Contract.parse(contract.text()).fingerprint == Contract.parse(contract.text()).fingerprint


def test_an_overlay_adds_and_relaxes() -> None:
    overlay = Contract("acme", "invoice", {"properties": {"total": {"type": ["number", "null"]}, "own": {}}})
    both = Contract.parse(TEXT).with_overlay(overlay)
    assert both.fields["total"].nullable
    assert "own" in both.fields
    assert both.fields["status"].enum == ("ok", "paid")


# -- as it is proposed ------------------------------------------------------------------------------

GONE = replace(EVENT.seen, platform="acme", path="notes", kind="field_gone")


def _proposed(text: str | None, **more: Any) -> DriftEdit:
    return desk.edit(replace(EVENT, seen=replace(GONE, **more)), text)


def test_what_accepting_a_drift_writes_is_shown_line_by_line() -> None:
    shown = _proposed(TEXT)
    assert shown.file == "contracts/acme/invoice.yaml"
    changed = {line for line in shown.diff if line[0] in "+-" and line[1:3] not in ("--", "++")}
    assert changed == {"-required: [id, total, notes]", "+required: [id, total]", "-  notes: {type: string}"}


def test_the_likeliest_new_name_is_written_in_the_place_of_the_old_one() -> None:
    shown = _proposed(TEXT, renames=(("remarks", 0.9),))
    assert "+  remarks: {type: string}" in shown.diff


def test_where_nothing_is_edited_the_reason_is_said() -> None:
    assert "no such file" in _proposed(None).words
    assert "no contract holds" in _proposed(TEXT, kind="auth_scheme").words
    assert "nothing to edit" in _proposed(TEXT, kind="sign").words
