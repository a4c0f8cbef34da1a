"""The site profile rules whatever the public documents do not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.connectors.servicetrade.profile import load_profile
from syncd.core.errors import FixInput
from syncd.sandbox.sandbox import Order
from syncd.sandbox.servicetrade.server import OWN_PROFILE
from tests.integration.sandbox_servicetrade.conftest import Open

PAYMENTS = """payments:
  path: /payment
  list_key: payments
  invoice_id: invoiceId
  reference: reference
  date: paidOn
  method: method
  amount: amount
"""


@pytest.fixture
def other_profile(tmp_path: Path) -> Path:
    """An account whose lines have other names, where tax stands elsewhere and payments exist."""
    text = OWN_PROFILE.read_text()
    for old, new in (
        ("unit_price: price", "unit_price: unitRate"),
        ("tax: salesTax", "tax: totals.tax"),
        ("payments: null", PAYMENTS + "#"),
        ("revoke_with: refresh_token", "revoke_with: token"),
    ):
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    return path


async def test_the_profile_names_what_is_on_the_wire(open_account: Open, other_profile: Path) -> None:
    account = await open_account(order=Order(seed=7, size=5, profile=other_profile))
    invoice = (await account.get("/invoice", limit=1))["invoices"][0]
    assert "unitRate" in invoice["items"][0]
    assert "tax" in invoice["totals"]
    assert (await account.ask("POST", "/oauth2/revoke", {"token": "r-1"}))[0] == 200


async def test_payments_are_taken_where_the_profile_names_them(
    open_account: Open, other_profile: Path
) -> None:
    account = await open_account(order=Order(seed=7, size=5, profile=other_profile))
    invoice = (await account.get("/invoice", limit=1))["invoices"][0]["id"]
    body = {"invoiceId": invoice, "reference": "10442", "paidOn": 1760000000, "method": "check"}
    assert (await account.ask("POST", "/payment", body))[0] == 400
    await account.write("POST", "/payment", {**body, "amount": 12.5})
    (payment,) = (await account.get("/payment", invoiceId=invoice))["payments"]
    assert payment["amount"] == 12.5


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("  tax: salesTax", "  taxx: salesTax", "totals"),
        ("lines:", "lines: [", ""),
        ("9001", "many", "invoice"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(OWN_PROFILE.read_text().replace(old, new, 1))
    with pytest.raises(FixInput) as wrong:
        load_profile(path)
    assert "profile.yaml" in wrong.value.message
    assert place in wrong.value.message
