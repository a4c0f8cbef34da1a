"""Whether a platform can be listed, and whether it takes what it took."""

from __future__ import annotations

import pytest

from monitor import gating
from monitor.dealings import ACCEPTED_MIN, Dealings
from monitor.differences import Kind
from monitor.findings import Finding
from monitor.gating import Watched
from monitor.impact import Flow
from syncd.mapping.atoms import Text
from syncd.mapping.entity_map import EntityMap, FieldMap
from syncd.ports import Written

LENS = EntityMap("customer", (FieldMap("name", "displayName", Text()), FieldMap("phone", "phone", Text())))
FLOWS = (Flow("acme", "customer", "Acme Heating"),)
AT = Watched("ledger", "books", FLOWS)
BOTH = ("name", "phone")


@pytest.fixture
def dealings() -> Dealings:
    made = Dealings()
    for at in range(ACCEPTED_MIN):
        made.wrote(Written(str(at), BOTH))
    return made


def found(dealings: Dealings) -> list[Finding]:
    return list(dealings.findings(LENS, FLOWS))


def test_a_field_that_is_refused_of_three_records_holds_what_carries_it(dealings: Dealings) -> None:
    for at in range(3):
        assert found(dealings) == []
        dealings.wrote(Written(f"r{at}", BOTH, refused="name"))
    (finding,) = found(dealings)
    assert (finding.difference.kind, finding.difference.path) == (Kind.WRITE_NARROWED, "displayName")
    assert gating.scopes(finding, AT, "customer") == ("field:acme/customer/name",)


def test_texts_that_come_back_cut_are_the_same(dealings: Dealings) -> None:
    for at in range(3):
        dealings.wrote(Written(f"r{at}", BOTH, cut=("name",)))
    (finding,) = found(dealings)
    assert finding.difference.after == {"accepted": False, "how": "cut"}


def test_one_record_refused_again_and_again_is_one_record(dealings: Dealings) -> None:
    for _ in range(9):
        dealings.wrote(Written("r1", BOTH, refused="name"))
    assert found(dealings) == []


def test_a_record_that_is_accepted_in_between_says_that_the_others_are_bad(dealings: Dealings) -> None:
    for at in range(9):
        dealings.wrote(Written(f"r{at}", BOTH, refused="name"))
        if at % 2:
            dealings.wrote(Written(f"good{at}", BOTH))
    assert found(dealings) == []


def test_what_was_hardly_ever_accepted_is_no_narrowing() -> None:
    made = Dealings()
    for at in range(9):
        made.wrote(Written(f"r{at}", BOTH, refused="name"))
    assert found(made) == []


def test_it_is_over_when_the_field_is_taken_again(dealings: Dealings) -> None:
    for at in range(3):
        dealings.wrote(Written(f"r{at}", BOTH, refused="name"))
    for at in range(5):
        assert not dealings.over(Kind.WRITE_NARROWED, "displayName", LENS)
        dealings.wrote(Written(f"g{at}", BOTH))
    assert dealings.over(Kind.WRITE_NARROWED, "displayName", LENS)


def test_a_listing_that_cannot_be_read_three_times_holds_the_connection_until_it_can() -> None:
    made = Dealings()
    made.walked(readable=True)
    for _ in range(3):
        assert found(made) == []
        made.walked(readable=False)
    (finding,) = found(made)
    assert gating.scopes(finding, AT, "customer") == ("connection:ledger", "flow:acme/customer")
    for _ in range(5):
        assert not made.over(Kind.ENVELOPE, "", LENS)
        made.walked(readable=True)
    assert made.over(Kind.ENVELOPE, "", LENS)


def test_what_never_could_be_read_is_a_matter_of_its_setup() -> None:
    made = Dealings()
    for _ in range(9):
        made.walked(readable=False)
    assert found(made) == []
