"""The decision table: ``reconcile`` does what each row says, and the page in the docs says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.core.decision import Verb, Why
from syncd.core.reconcile import reconcile
from syncd.core.truth import TABLES, Row, rows, tell
from syncd.core.truth_page import page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-it-decides.md"
ELSEWHERE = {Why.UNWRITABLE, Why.AMOUNT}
"""Decided where a platform's map is known, and where its answer is read."""


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.says)
def test_a_row(row: Row) -> None:
    assert tell(reconcile(row.pair, row.policy, row.crossing)) == row.comes_to


def test_the_page_in_the_docs_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "`make docs` prints it anew"


def test_every_reason_and_every_verb_has_a_row() -> None:
    decided = [reconcile(row.pair, row.policy, row.crossing) for row in rows()]
    reasons = {why for d in decided if d.write for why in d.write.because.values()}
    reasons |= {conflict.why for d in decided for conflict in d.conflicts}
    assert reasons | ELSEWHERE == set(Why)
    # a wait needs a reference (test_reconcile); what could be one of several is asked before anything else
    assert {d.verb for d in decided} | {Verb.WAIT, Verb.MATCH} == set(Verb)


def test_a_table_says_each_thing_once() -> None:
    for table in TABLES:
        says = [row.says for row in table.rows]
        assert len(says) == len(set(says)), table.title
