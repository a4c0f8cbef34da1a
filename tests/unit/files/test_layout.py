"""How a record becomes a row, and when it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from syncd.core.errors import FixInput, RefuseRecord
from syncd.files.layout import Layout, load_layout

REVIEWED = {"by": "dana", "on": "2026-10-01", "against": "a sample"}
INVOICE = {
    "number": "S-1",
    "date": "2026-03-04",
    "total": "418.25",
    "description": "Pump, 2nd floor",
    "lines": [
        {"item": "LAB", "amount": "400.00", "description": "Labour"},
        {"item": "TRIP", "amount": "18.25"},
    ],
}
HEAD = {
    "columns": [
        {"constant": "I"},
        {"field": "number", "required": True},
        {"field": "date", "date": "%m%d%Y"},
        {"field": "total", "decimals": 2, "reversal": "negate"},
    ]
}


def layout(*records: dict[str, Any], **more: Any) -> Layout:
    said = {"reviewed": REVIEWED, "entity": "invoice", "amount": "total", "records": records or (HEAD,)}
    return Layout.model_validate(said | more)


def one(column: dict[str, Any], value: Any, **more: Any) -> str:
    """The cell that a single column writes."""
    sign = {"constant": "1", "reversal": "=-1"}
    (row,) = layout({"columns": [column, sign]}, **more).rows({column.get("field", "x"): value}, "sy-1")
    return row.removesuffix(",1")


def test_a_document_and_its_lines_are_rows_of_their_own() -> None:
    line = {
        "each": "line",
        "columns": [
            {"constant": "L"},
            {"field": "line.at"},
            {"field": "line.item", "codes": {"LAB": "4000", "TRIP": "4010"}},
            {"field": "line.amount", "decimals": 2, "reversal": "negate"},
            {"field": "reference"},
        ],
    }
    made = layout(HEAD, line)
    assert made.file([(INVOICE, "sy-9")]) == (
        b"I,S-1,03042026,418.25\r\nL,1,4000,400.00,sy-9\r\nL,2,4010,18.25,sy-9\r\n"
    )
    assert made.file([(INVOICE, "sy-9")], reversal=True) == (
        b"I,S-1,03042026,-418.25\r\nL,1,4000,-400.00,sy-9\r\nL,2,4010,-18.25,sy-9\r\n"
    )


def test_a_fixed_layout_pads_to_its_widths() -> None:
    columns = [
        {"field": "number", "width": 6},
        {"field": "total", "decimals": 2, "width": 9, "align": "right", "reversal": "negate"},
    ]
    assert layout({"columns": columns}, form="fixed").rows(INVOICE, "") == ["S-1      418.25"]


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1+cmd", "-2+3", "@SUM(A1)", " =1+1", "\t=1+1", "\r=1+1"]
)
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert one({"field": "description"}, text).lstrip('"').startswith("'")
    assert not one({"field": "description"}, text, spreadsheet=False).lstrip('"').startswith("'")


def test_a_number_is_no_formula() -> None:
    assert one({"field": "total", "decimals": 2}, "-4.20") == "-4.20"
    assert one({"field": "description"}, "-4.20") == "-4.20"


def test_a_text_is_one_row_whatever_is_in_it() -> None:
    assert one({"field": "description"}, 'a\r\n"b", c') == '"a ""b"", c"'


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ({"field": "number", "required": True}, "", "is empty"),
        ({"field": "number", "width": 3}, "S-10442", "longer than the 3"),
        ({"field": "total", "decimals": 2}, "1.005", "more than 2 decimals"),
        ({"field": "total", "decimals": 2}, "NaN", "not a number"),
        ({"field": "date", "date": "%m%d%Y"}, "soon", "not a day"),
        ({"field": "terms", "codes": {"net30": "30"}}, "net60", "code table"),
        ({"field": "description"}, "東京", "cp1252 cannot write"),
    ],
)
def test_what_does_not_fit_is_refused_and_named(column: dict[str, Any], value: str, words: str) -> None:
    with pytest.raises(RefuseRecord, match=words) as refused:
        one(column, value)
    assert refused.value.field == column["field"]
    assert value not in refused.value.message or not value


def test_a_layout_may_allow_cutting_and_rounding() -> None:
    assert one({"field": "description", "width": 4, "cut": True}, "Annual") == "Annu"
    assert one({"field": "total", "decimals": 2, "round": True}, "1.005") == "1.01"


def test_an_unquoted_layout_refuses_its_own_separator() -> None:
    with pytest.raises(RefuseRecord, match="separator"):
        one({"field": "description"}, "a,b", quoting="none")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"records": ({"columns": [{"field": "number"}]},)}, "post everything once more"),
        ({"form": "fixed"}, "has a width"),
        ({"encoding": "cp0"}, "unknown encoding"),
        ({"reviewed": {"by": "", "on": "2026-10-01", "against": "x"}}, "at least 1"),
        ({"records": ({"columns": [{"field": "line.amount"}]},)}, "once a document"),
    ],
)
def test_a_layout_that_cannot_work_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        layout(**more)


def test_a_file_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FixInput, match="cannot be read"):
        load_layout(tmp_path / "ar.yaml")
    (tmp_path / "ar.yaml").write_text("entity: [")
    with pytest.raises(FixInput, match="not YAML"):
        load_layout(tmp_path / "ar.yaml")
    (tmp_path / "ar.yaml").write_text("entity: invoice")
    with pytest.raises(FixInput, match=r"ar\.yaml: reviewed"):
        load_layout(tmp_path / "ar.yaml")
