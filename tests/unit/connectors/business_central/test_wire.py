"""What becomes of a document's lines on their way to Business Central and back."""

from __future__ import annotations

from typing import Any

from syncd.connectors.business_central import wire
from syncd.connectors.business_central.entities import KINDS, TAX
from syncd.connectors.business_central.settings import Chart, Line

CHART = Chart(tax=Line(number="2200"))
LINES = KINDS["bill"].lines


def created(*lines: dict[str, Any], **head: Any) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = wire.created("bill", KINDS["bill"], {LINES: lines, **head}, CHART)[LINES]
    return made


def test_a_vendors_tax_travels_as_a_line_and_is_read_back_as_the_tax() -> None:
    (bought, tax) = created({"item": "BELT", "quantity": 2, "price": 11.74}, **{TAX: "1.58"})
    assert (bought["lineObjectNumber"], tax["lineObjectNumber"]) == ("BELT", "2200")
    answered = [
        {**line, "sequence": at, "amountExcludingTax": amount}
        for at, (line, amount) in enumerate([(bought, 23.48), (tax, 1.58)])
    ]
    shown = wire.shown("bill", KINDS["bill"], {LINES: answered, "totalTaxAmount": 0.0}, CHART.tax)
    assert (len(shown[LINES]), shown[TAX]) == (1, "1.58")


def test_an_amount_that_names_nothing_is_no_comment() -> None:
    """A comment is taken without its amount; an account without a number is refused."""
    (charged, said) = created(
        {"description": "Freight", "amountExcludingTax": 48.5}, {"description": "Thank you"}
    )
    assert (charged["lineType"], charged["unitCost"], said["lineType"]) == ("Account", 48.5, "Comment")
