"""BuildOps -> Acumatica: customers both ways, jobs and posted invoices to the ledger. Found by polling:
nothing public shows BuildOps' webhooks, nor how an invoice is told that it was posted."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.demo.pair import Pair, Table
from syncd.demo.sides import acumatica, buildops
from syncd.sandbox.company import Company
from syncd.sandbox.serve import Ready


def _connections(field: Ready, books: Ready) -> str:
    return f"""\
field:
  platform: buildops
  profile: profiles/buildops.yaml
  settings:
    base_url: {field.details["base_url"]}
    tenant_id: {field.details["tenant_id"]}
    auth: {{client_id: {field.details["client_id"]}, client_secret: file:keys/buildops}}
    requests_per_s: 200
  settle: {{seconds: 5, provenance: measured}}
books:
  platform: acumatica
  profile: profiles/acumatica.yaml
  settings:
    base_url: {books.details["base_url"]}
    auth:
      client_id: {books.details["client_id"]}
      client_secret: file:keys/acumatica
      refresh_token: file:keys/consent
  settle: {{seconds: 5, provenance: measured}}
"""


_FLOWS = """\
customer:
  mode: both
  create: [right]
  fields:
    name: {rule: left}
    number: {rule: right}
job:
  mode: left-to-right
  create: [right]
  fields:
    customer: {rule: left}
    name: {rule: left}
invoice:
  mode: left-to-right
  create: [right]
  create_only: true
  select: {status: [Posted]}
"""

_ITEMS = (
    ("LaborLineItem", "LAB-REG"),
    ("MiscLineItem", "TRIP"),
    ("OtherLineItem", "DISC"),
    ("PartsLineItem", "BELT-A42"),
)


def _crosswalks(company: Company) -> Mapping[str, Table]:
    known = {item.code for item in company.items}
    return {"item": Table([(kind, code) for kind, code in _ITEMS if code in known], "NOCHARGE")}


PAIR = Pair(
    name="buildops-acumatica",
    title="BuildOps → Acumatica",
    left="buildops",
    right="acumatica",
    left_title="BuildOps",
    right_title="Acumatica",
    secrets={
        "buildops": ("left", "secret"),
        "acumatica": ("right", "client_secret"),
        "consent": ("right", "secret"),
    },
    connections=_connections,
    flows=_FLOWS,
    crosswalks=_crosswalks,
    field=buildops.office,
    books=acumatica.books,
)
