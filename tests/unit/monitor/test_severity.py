"""The severity table, a sentence a row: (critical, read, written, unused)."""

from __future__ import annotations

import pytest

from monitor.differences import Difference, Kind
from monitor.severity import TABLE, Action, Level, Role, judge

ROLES = (Role.CRITICAL, Role.READ, Role.WRITTEN, Role.UNUSED)

ROWS: list[tuple[str, Kind, str]] = [
    ("A field that is gone holds what uses it.", Kind.FIELD_GONE, "B hold, B hold, B hold, A log"),
    ("So does one that has another name.", Kind.FIELD_RENAMED, "B hold, B hold, B hold, A log"),
    ("A list for a record holds.", Kind.SHAPE_CHANGED, "B hold, B hold, B hold, A log"),
    ("Text for a number holds.", Kind.TYPE_CHANGED, "B hold, B hold, B hold, A log"),
    (
        "A second type stops its records.",
        Kind.TYPE_WIDENED,
        "B hold_on_evidence, R quarantine, A log, A log",
    ),
    ("So does a null ...", Kind.NULLABLE, "B hold_on_evidence, R ticket, R ticket, A log"),
    ("... and nothing at all.", Kind.OPTIONAL, "B hold_on_evidence, R ticket, R ticket, A log"),
    ("Nulls or zeros in many records are doubtful.", Kind.SHARE, "R quarantine, R ticket, A log, A log"),
    ("A new value of a set stops its records.", Kind.ENUM_NEW, "R quarantine, R quarantine, A log, A log"),
    ("A value not seen any more harms who sends it.", Kind.ENUM_GONE, "A log, A log, B hold, A log"),
    ("Another spelling breaks a date.", Kind.FORMAT_CHANGED, "B hold, R quarantine, B hold, A log"),
    ("Cents for dollars hold.", Kind.SCALE, "B hold, R quarantine, B hold, A log"),
    ("So does another sign.", Kind.SIGN, "B hold, R quarantine, B hold, A log"),
    ("A key that repeats is none.", Kind.KEY_LOST, "B hold, R ticket, A log, A log"),
    ("A field that we must send now harms who writes.", Kind.WRITE_NARROWED, "A log, A log, B hold, A log"),
    ("A new field is welcome.", Kind.FIELD_NEW, "A log, A log, A log, A log"),
    ("Another envelope cuts listings short.", Kind.ENVELOPE, "B hold, B hold, B hold, R ticket"),
]


@pytest.mark.parametrize(("told", "kind", "row"), ROWS, ids=[row[0] for row in ROWS])
def test_the_table(told: str, kind: Kind, row: str) -> None:
    shown = (judge(Difference(kind, "total"), {role}) for role in ROLES)
    assert ", ".join(f"{s.level.value[0].upper()} {s.action.value}" for s in shown) == row


def test_every_kind_has_a_row() -> None:
    assert {row[1] for row in ROWS} == set(TABLE) == set(Kind)


def test_of_several_roles_the_gravest_counts() -> None:
    assert judge(Difference(Kind.ENUM_GONE, "status"), {Role.READ, Role.WRITTEN}).action is Action.HOLD


def test_an_unknown_role_counts_as_read() -> None:
    assert judge(Difference(Kind.FIELD_GONE, "total"), ()).level is Level.BREAKING


def test_only_what_breaks_something_mapped_wakes_a_person() -> None:
    assert judge(Difference(Kind.FIELD_GONE, "total"), {Role.READ}).pages
    assert not judge(Difference(Kind.FIELD_GONE, "total"), {Role.UNUSED}).pages
    assert not judge(Difference(Kind.SHARE, "total"), {Role.CRITICAL}).pages


def test_a_new_value_breaks_a_mapping_that_has_no_answer_for_it() -> None:
    new = Difference(Kind.ENUM_NEW, "status")
    assert judge(new, {Role.CRITICAL}, has_default=False).action is Action.HOLD


@pytest.mark.parametrize("kind", [Kind.NULLABLE, Kind.OPTIONAL])
def test_nothing_stops_the_record_where_the_mapping_has_no_answer_for_it(kind: Kind) -> None:
    assert judge(Difference(kind, "notes"), {Role.READ}, has_default=False).action is Action.QUARANTINE


def test_what_only_a_document_says_is_one_level_lower() -> None:
    gone = Difference(Kind.FIELD_GONE, "total")
    assert judge(gone, {Role.CRITICAL}, specified_only=True).action is Action.TICKET


def test_what_may_be_chance_is_logged() -> None:
    assert judge(Difference(Kind.FIELD_GONE, "total", certain=False), {Role.CRITICAL}).action is Action.LOG
