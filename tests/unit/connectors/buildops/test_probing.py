"""What a tenant's own answers say of each disputed fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from syncd.connectors.buildops import probing
from syncd.connectors.buildops.profile import BuildopsProfile, load_profile
from syncd.ports import Finding
from syncd.sandbox.buildops.server import OWN_PROFILE

PROFILE = load_profile(OWN_PROFILE)


def levels(found: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.subject.removeprefix("profile: ")) for finding in found]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"items": [], "totalCount": 3}, []),
        ({"data": [], "totalCount": 3, "hasMore": False}, ["pages.rows"]),
        ({"items": [], "query": {"totalCount": 3}}, ["pages.total"]),
        ({"items": []}, ["pages.total"]),
        ([], ["pages.rows"]),
        ({"rows": []}, ["pages.rows"]),
    ],
)
def test_the_envelope(body: Any, wrong: list[str]) -> None:
    found = probing.envelope(body, PROFILE)
    assert [subject for level, subject in levels(found) if level == "error"] == wrong


@pytest.mark.parametrize(
    ("zero", "one", "first"),
    [(["a"], ["b"], 0), (["a"], ["a"], 1), (None, ["a"], 1), ([], [], None), (["a"], [], None)],
)
def test_the_first_page(zero: list[str] | None, one: list[str], first: int | None) -> None:
    for profiled in (0, 1):
        pages = PROFILE.pages.model_copy(update={"first": profiled})
        (found,) = probing.first_page(zero, one, PROFILE.model_copy(update={"pages": pages}))
        expected = "warning" if first is None else "ok" if first == profiled else "error"
        assert found.level == expected


def test_parameters_that_are_ignored_are_named() -> None:
    assert levels(probing.size(25, PROFILE)) == [("error", "pages.size")]
    assert levels(probing.size(1, PROFILE)) == [("ok", "pages.size")]
    (ignored,) = probing.changes("job", "updatedAfter", 3)
    assert ignored.level == "error"
    assert "null" in ignored.remedy
    assert levels(probing.changes("job", "updatedAfter", 0)) == [("ok", "changes.job")]


@pytest.mark.parametrize(
    ("addresses", "wrong"),
    [
        ([{"addressType": "billingAddress", "addressLine1": "1 Mill Lane"}], []),
        ([{"addressType": "billingAddress", "line1": "1 Mill Lane"}], ["address.shape"]),
        ([{"addressType": "BILLING", "addressLine1": "1 Mill Lane"}], ["address.type"]),
    ],
)
def test_addresses(addresses: list[Mapping[str, Any]], wrong: list[str]) -> None:
    found = probing.address([{"addresses": addresses}], PROFILE)
    assert [subject for level, subject in levels(found) if level == "error"] == wrong
    assert not any("Mill" in finding.message for finding in found), "no customer's value is told"
    assert levels(probing.address([{}], PROFILE)) == [("warning", "address")]


def test_a_profile_is_strict() -> None:
    assert isinstance(PROFILE, BuildopsProfile)
    assert probing.experimental().level == "warning"
