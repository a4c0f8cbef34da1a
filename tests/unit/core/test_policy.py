"""A policy is data: which way it writes, and a fingerprint of all that a decision could hang on."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from syncd.core.model import Side
from syncd.core.policy import (
    Acknowledge,
    Deletes,
    EditedMeanwhile,
    FieldPolicy,
    FlowPolicy,
    Kind,
    Limits,
    Mode,
    Posting,
    Rule,
)

LINE = FieldPolicy("amount")
NAME = FieldPolicy("name")
POLICY = FlowPolicy("invoice", Mode.BOTH, (NAME, FieldPolicy("lines", Kind.LINES, lines=(LINE,))))


@pytest.mark.parametrize(
    ("mode", "left", "right"),
    [
        (Mode.OBSERVE, False, False),
        (Mode.LEFT_TO_RIGHT, False, True),
        (Mode.RIGHT_TO_LEFT, True, False),
        (Mode.BOTH, True, True),
    ],
)
def test_which_side_a_mode_writes(mode: Mode, left: bool, right: bool) -> None:
    assert (mode.writes(Side.LEFT), mode.writes(Side.RIGHT)) == (left, right)


OTHER: dict[str, Any] = {
    "entity": "job",
    "mode": Mode.OBSERVE,
    "fields": (NAME,),
    "create": frozenset({Side.LEFT}),
    "match": (("name",),),
    "select": {"status": frozenset({"ready"})},
    "create_only": True,
    "post_existing": True,
    "deletes": Deletes.PROPAGATE,
    "posting": Posting(Side.RIGHT),
    "edited": EditedMeanwhile.HOLD,
    "acknowledge": Acknowledge(posted=(("set_status", "processed"),)),
    "skew_margin_s": 1.0,
    "limits": Limits(deletes_count=6),
}
OTHER_FIELD: dict[str, Any] = {
    "name": "other",
    "kind": Kind.REFERENCE,
    "target": "customer",
    "source": "item",
    "rule": Rule.LEFT,
    "normaliser": "company",
    "group": "g",
    "required": True,
    "lines": (LINE,),
    "key": "number",
}


@pytest.mark.parametrize("name", [f.name for f in fields(FlowPolicy)])
def test_the_fingerprint_changes_with_any_setting(name: str) -> None:
    assert replace(POLICY, **{name: OTHER[name]}).fingerprint() != POLICY.fingerprint()


@pytest.mark.parametrize("name", [f.name for f in fields(FieldPolicy)])
def test_the_fingerprint_changes_with_any_setting_of_a_field(name: str) -> None:
    changed = replace(POLICY, fields=(replace(NAME, **{name: OTHER_FIELD[name]}), *POLICY.fields[1:]))
    assert changed.fingerprint() != POLICY.fingerprint()


def test_the_fingerprint_changes_with_the_fields_of_a_line() -> None:
    lines = replace(POLICY.fields[1], lines=(replace(LINE, required=True),))
    assert replace(POLICY, fields=(NAME, lines)).fingerprint() != POLICY.fingerprint()


def test_the_fingerprint_is_the_same_for_the_same() -> None:
    several = replace(POLICY, select={"a": frozenset("xy"), "b": frozenset("z")}, create=frozenset(Side))
    again = replace(POLICY, select={"b": frozenset("z"), "a": frozenset("yx")}, create=frozenset(Side))
    assert several.fingerprint() == again.fingerprint()
