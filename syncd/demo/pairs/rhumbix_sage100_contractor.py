"""Rhumbix -> Sage 100 Contractor: people and jobs come from Sage, verified hours go to its daily payroll."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.core.canonical import number
from syncd.demo.pair import LabourPair, Table
from syncd.demo.sides import rhumbix, sage100_contractor
from syncd.sandbox.company import Company
from syncd.sandbox.crew import COST_CODES
from syncd.sandbox.serve import Ready


def _connections(field: Ready, books: Ready) -> str:
    return rhumbix.connection(field) + sage100_contractor.connection(books, payroll="true")


_FLOWS = """\
employee:
  mode: right-to-left
  create: [left]
job:
  mode: right-to-left
  create: [left]
time_entry:
  mode: left-to-right
  create: [right]
  create_only: true
  select: {status: [approved]}
"""


def _crosswalks(_company: Company) -> Mapping[str, Table]:
    return {"cost_code": Table([(code.field_code, str(number(code.ledger_code))) for code in COST_CODES])}


PAIR = LabourPair(
    name="rhumbix-sage100-contractor",
    title="Rhumbix → Sage 100 Contractor",
    left="rhumbix",
    right="sage100-contractor",
    left_title="Rhumbix",
    right_title="Sage",
    secrets={"rhumbix": ("left", "secret"), "sage": ("right", "password")},
    connections=_connections,
    flows=_FLOWS,
    crosswalks=_crosswalks,
    time=rhumbix.office,
    payroll=sage100_contractor.payroll,
    needs={"left": "imports: {company_key: SET}", "right": "payroll: true"},
    files=("mbxml.xsd",),
    bridge=sage100_contractor.beside,
)
