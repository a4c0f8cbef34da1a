"""The page of one drift: whole in itself, valid, safe with whatever a platform calls its fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import html

from monitor.report import headline, page
from syncd.api.drift import DriftView, Held, Rename

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def view(**more: Any) -> DriftView:
    usual: dict[str, Any] = {
        "id": 12,
        "fingerprint": "ab12",
        "connection": "field",
        "platform": "servicetrade",
        "operation": "invoice",
        "path": "totalPrice",
        "kind": "field_renamed",
        "level": "breaking",
        "action": "hold",
        "state": "open",
        "before": {"types": ["number"], "shown": True},
        "after": {"shown": False},
        "first_seen": AT,
        "last_seen": AT,
        "held_at": AT,
        "seen_before": 300,
        "seen_now": 3,
        "hits": 3,
        "distance": 1e-9,
        "samples": ["101", "102"],
        "mappings": ["invoice.total"],
        "flows": ["acme/invoice"],
        "customers": ["Acme Heating"],
        "renames": [Rename(path="grandTotal", likeness=0.97)],
        "repair": "totalPrice is gone; grandTotal holds the same kind of values",
        "command": 'syncd drift accept 12 --reason "..."',
        "holds": [Held(scope="flow:acme/invoice", hold=4, release="syncd release 4")],
        "waiting": 3,
        "oldest": AT,
    }
    return DriftView(**usual | more)


def parsed(text: str) -> Any:
    return html.fromstring(text)


def test_it_says_what_changed_whom_it_hits_and_what_to_run() -> None:
    text = parsed(page(view())).text_content()
    for word in (
        "a field has another name: totalPrice of invoice at field",
        "Writes are held (flow:acme/invoice)",
        "3 records wait",
        "grandTotal (97% alike)",
        "Acme Heating",
        "300 distinct records",
        'syncd drift accept 12 --reason "..."',
    ):
        assert word in text


def test_both_sides_of_the_contract_stand_next_to_each_other() -> None:
    document = parsed(page(view()))
    before, now = document.xpath("//div[@class='side']")
    assert before.xpath("h3/text()") == ["Before"]
    assert [n.text_content() for n in before.xpath(".//span[@class='gone']")] == ['["number"]', "true"]
    assert [n.text_content() for n in now.xpath(".//span[@class='new']")] == ["false"]


def test_it_needs_nothing_from_anywhere() -> None:
    text = page(view())
    assert not re.search(r"(?i)(src|href)=|url\(|@import|<script|<link|<img|https?://", text)
    assert "default-src &#x27;none&#x27;" in text


def test_it_fits_a_phone() -> None:
    text = page(view())
    assert 'content="width=device-width, initial-scale=1"' in text
    assert "overflow-wrap: anywhere" in text
    assert "minmax(16rem, 1fr)" in text


@pytest.mark.parametrize("field", ["path", "connection", "repair", "reason", "kind"])
def test_what_a_platform_calls_its_fields_is_only_ever_text(field: str) -> None:
    wicked = "<script>alert(1)</script>\"'>"
    document = parsed(page(view(**{field: wicked, "samples": [wicked], "before": {wicked: wicked}})))
    assert document.xpath("//script") == []
    assert wicked in document.text_content()


def test_every_tag_is_closed() -> None:
    from lxml import etree  # noqa: PLC0415

    inner = re.sub(r"<!DOCTYPE html>\n", "", page(view()))
    strict = re.sub(r"<meta ([^>]*)>", r"<meta \1/>", inner)
    assert etree.fromstring(strict.encode()).tag == "html"


def test_what_is_over_says_by_whom_and_asks_for_nothing() -> None:
    text = parsed(
        page(view(state="accepted", actor="dana", reason="release notes", closed_at=AT, command="", holds=[]))
    ).text_content()
    assert "Accepted by dana" in text
    assert "syncd drift accept" not in text


def test_an_unknown_kind_still_has_a_headline() -> None:
    assert headline(view(kind="auth_scheme", path="scheme")) == "auth scheme: scheme of invoice at field"
