"""A policy in sentences: every setting that changes what happens changes what is said."""

from __future__ import annotations

from dataclasses import replace

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
from syncd.core.sentences import sentences

NAMES = {Side.LEFT: "field", Side.RIGHT: "books"}
ADDRESS = tuple(FieldPolicy(name, group="address") for name in ("street", "city"))
CUSTOMER = FlowPolicy(
    "customer",
    Mode.BOTH,
    (FieldPolicy("name", rule=Rule.LEFT), FieldPolicy("phone", rule=Rule.NEWEST), *ADDRESS),
    create=frozenset(Side),
)
INVOICE = FlowPolicy(
    "invoice",
    Mode.LEFT_TO_RIGHT,
    (FieldPolicy("total"), FieldPolicy("lines", Kind.LINES, key="key")),
    create=frozenset({Side.RIGHT}),
    select={"status": frozenset({"pending_accounting", "approved"})},
    create_only=True,
    acknowledge=Acknowledge(posted=(("set_status", "processed"), ("set_external_id", "{key}"))),
)


def test_a_two_way_flow() -> None:
    assert sentences(CUSTOMER, NAMES) == [
        "The customer flow carries changes between field and books, both ways.",
        "A record that only the other side has is created in field and books.",
        "field owns name: its value stands, whoever changed it.",
        "If both sides change one of phone differently: the newer change stands, where both sides' times can "
        "be trusted; else a person decides.",
        "If both sides change one of address (street, city together) differently: a person decides.",
        "A record that is removed on one side is held on the other, until a person decides.",
        "It stops itself when more than 5 records and 5% of all disappear, when more than 20 and 50% of all "
        "would be rewritten (10% after a change of map, policy or crosswalk), or when one record is written "
        "6 times within an hour.",
    ]


def test_a_flow_of_posted_documents() -> None:
    told = sentences(INVOICE, NAMES)
    assert told[1] == (
        "A record that only the other side has is created in books once its status is approved or "
        "pending_accounting; those that were so before the first sync are left alone."
    )
    assert told[2].startswith("It is a posted document: created once and never edited")
    assert "The lines are merged one by one, known by their key." in told
    assert told[-2] == (
        "Once it is posted, its source is told: set_status 'processed', then set_external_id '{key}'."
    )


def test_a_document_that_both_edit_until_it_is_posted() -> None:
    posted, void = ({"status": frozenset({word})} for word in ("posted", "void"))
    posting = Posting(Side.RIGHT, posted, void, void, "set_status", "void")
    told = sentences(replace(INVOICE, create_only=False, posting=posting), NAMES)
    assert "once its status is posted in books, books owns it" in told[2]
    assert (
        told[3]
        == "When its status is void in field, it is voided in books by the action 'set_status void', once."
    )


def test_a_document_that_is_posted_as_soon_as_it_stands_there() -> None:
    void = {"status": frozenset({"void"})}
    told = sentences(replace(INVOICE, create_only=False, posting=Posting(Side.RIGHT, {}, void, void)), NAMES)
    assert told[2].startswith("It is posted as soon as it stands in books. From then on books owns it")
    assert told[3] == "When its status is void in field, it is held for a person."


def test_a_flow_that_only_looks_says_no_more() -> None:
    told = sentences(replace(CUSTOMER, mode=Mode.OBSERVE), NAMES)
    assert told[0] == "The customer flow reads both field and books and writes to neither."
    assert len(told) == 2


def test_every_setting_that_changes_what_happens_changes_what_is_said() -> None:
    changed = {
        "mode": Mode.RIGHT_TO_LEFT,
        "create": frozenset[Side](),
        "select": {"status": frozenset({"active"})},
        "create_only": True,
        "posting": Posting(Side.LEFT),
        "deletes": Deletes.ARCHIVE,
        "acknowledge": Acknowledge(rejected=(("comment", "{reason}"),)),
        "limits": Limits(policy_changed_share=0.2),
        "fields": tuple(replace(f, rule=Rule.IMMUTABLE) for f in CUSTOMER.fields),
    }
    plain = sentences(CUSTOMER, NAMES)
    for name, value in changed.items():
        assert sentences(replace(CUSTOMER, **{name: value}), NAMES) != plain, name  # type: ignore[arg-type]
    removing = replace(CUSTOMER, deletes=Deletes.PROPAGATE)
    told = {tuple(sentences(replace(removing, edited=edited), NAMES)) for edited in EditedMeanwhile}
    assert len(told) == len(EditedMeanwhile)
