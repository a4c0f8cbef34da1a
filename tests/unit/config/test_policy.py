"""A flow's policy: the entity's defaults, and what the file lays over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.config.load import load
from syncd.config.models import FlowConfig
from syncd.config.policy import policy_of
from syncd.core.model import Side
from syncd.core.policy import Deletes, EditedMeanwhile, Kind, Mode, Posting, Rule


@pytest.mark.parametrize(
    ("entity", "mode", "create", "create_only"),
    [
        ("customer", Mode.BOTH, {Side.LEFT, Side.RIGHT}, False),
        ("location", Mode.LEFT_TO_RIGHT, {Side.RIGHT}, False),
        ("job", Mode.LEFT_TO_RIGHT, {Side.RIGHT}, False),
        ("invoice", Mode.LEFT_TO_RIGHT, {Side.RIGHT}, True),
        ("payment", Mode.OBSERVE, set(), False),
    ],
)
def test_a_silent_flow_takes_the_entitys_own_way(
    entity: str, mode: Mode, create: set[Side], create_only: bool
) -> None:
    policy = policy_of(entity, FlowConfig())
    assert (policy.mode, set(policy.create), policy.create_only) == (mode, create, create_only)
    assert policy.deletes is Deletes.HOLD
    assert all(f.rule is Rule.MANUAL for f in policy.fields), "nothing is guessed"


def test_asking_for_a_direction_lets_it_create_there_too() -> None:
    assert policy_of("payment", FlowConfig(mode=Mode.RIGHT_TO_LEFT)).create == {Side.LEFT}
    assert policy_of("payment", FlowConfig(mode=Mode.BOTH, create=())).create == frozenset()


def test_a_rule_for_a_group_holds_for_all_its_fields() -> None:
    flow = FlowConfig.model_validate(
        {"fields": {"address": {"rule": "right"}, "name": {"rule": "left", "normaliser": "text"}}}
    )
    fields = {f.name: f for f in policy_of("customer", flow).fields}
    assert {fields[n].rule for n in ("street", "city", "state", "postal_code")} == {Rule.RIGHT}
    assert (fields["name"].rule, fields["name"].normaliser) == (Rule.LEFT, "text")
    assert fields["phone"].rule is Rule.MANUAL


def test_an_ignored_field_is_no_part_of_the_flow_lines_and_groups_included() -> None:
    flow = FlowConfig.model_validate(
        {"fields": {"description": {"ignore": True}, "lines.cost_code": {"ignore": True}}}
    )
    policy = policy_of("invoice", flow)
    fields = {f.name: f for f in policy.fields}
    assert "description" not in fields
    assert "cost_code" not in {f.name for f in fields["lines"].lines}
    address = FlowConfig.model_validate({"fields": {"address": {"ignore": True}}})
    assert "street" not in {f.name for f in policy_of("customer", address).fields}


def test_a_crosswalk_makes_a_plain_field_a_code() -> None:
    flow = FlowConfig.model_validate(
        {"fields": {"customer_po": {"crosswalk": "po"}, "lines.description": {"crosswalk": "texts"}}}
    )
    policy = policy_of("invoice", flow)
    fields = {f.name: f for f in policy.fields}
    assert (fields["customer_po"].kind, fields["customer_po"].target) == (Kind.CROSSWALK, "po")
    lines = {(f.name, f.kind, f.target) for f in fields["lines"].lines}
    assert ("description", Kind.CROSSWALK, "texts") in lines


def test_a_sites_flow_carries_its_own_fields_acknowledgements_and_brakes(
    edited: Callable[..., Path],
) -> None:
    path = edited("      customer:\n", "      customer: {limits: {deletes_count: 1}, skew_margin: 2m}\n")
    site = load(path)
    customer = site.links["acme"].policy("customer")
    names = {f.name for f in customer.fields}
    assert "custom.warranty" in names
    assert "custom.region" not in names, "only one side defines it"
    assert (customer.limits.deletes_count, customer.limits.deletes_share) == (1, 0.05)
    assert customer.skew_margin_s == 120
    invoice = site.links["acme"].policy("invoice")
    assert invoice.select == {"status": {"pending_accounting"}}
    assert invoice.acknowledge.posted == (("set_external_id", "{key}"), ("set_status", "processed"))
    assert invoice.acknowledge.rejected == (("set_status", "failed"), ("comment", "{reason}"))
    assert invoice.fingerprint() != site.links["acme"].policy("payment").fingerprint()


def test_what_a_file_says_of_posting_and_removals_reaches_the_policy() -> None:
    flow = FlowConfig.model_validate(
        {
            "posting": {
                "ledger": "right",
                "posted": {"status": ["posted", "paid"]},
                "void": {"status": ["void"]},
                "action": "set_status",
                "argument": "void",
            },
            "deletes": "archive",
            "edited": "removal-wins",
            "limits": {"policy_changed_share": 0.02},
        }
    )
    policy = policy_of("invoice", flow)
    assert policy.posting == Posting(
        Side.RIGHT,
        {"status": frozenset({"posted", "paid"})},
        {"status": frozenset({"void"})},
        {},
        "set_status",
        "void",
    )
    assert not policy.create_only, "what posting is says what may be edited until then"
    assert (policy.deletes, policy.edited) == (Deletes.ARCHIVE, EditedMeanwhile.REMOVAL_WINS)
    assert policy.limits.policy_changed_share == 0.02


def test_lines_may_stand_alone_and_be_known_by_another_field() -> None:
    flow = FlowConfig.model_validate({"fields": {"lines": {"alone": True, "key": "item", "rule": "union"}}})
    (lines,) = [f for f in policy_of("invoice", flow).fields if f.kind is Kind.LINES]
    assert (lines.group, lines.key, lines.rule) == ("", "item", Rule.UNION)
