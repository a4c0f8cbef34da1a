"""The site profile: what it refuses, what its rules say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from ruamel.yaml import YAML

from syncd.connectors.sage100_contractor.profile import (
    Answers,
    RequestShape,
    Sage100ContractorProfile,
    load_profile,
)
from syncd.core.errors import FixInput
from syncd.sandbox.sage100_contractor.product import OWN_PROFILE
from syncd.sandbox.sage100_contractor.refusals import Code
from syncd.sandbox.sage100_contractor.tables import METADATA

OWN = load_profile(OWN_PROFILE)


def edited(tmp_path: Path, **changes: Any) -> Path:
    data = YAML(typ="safe").load(OWN_PROFILE)
    data.update(changes)
    path = tmp_path / "site.yaml"
    YAML(typ="safe").dump(data, path)
    (tmp_path / "mbxml.xsd").write_bytes(OWN.schema_file.read_bytes())
    return path


def test_the_sandboxs_own_profile_names_its_schema_absolutely() -> None:
    assert OWN.schema_file.is_absolute()
    etree.XMLSchema(etree.parse(str(OWN.schema_file)))


def test_every_request_and_column_of_the_own_profile_exists() -> None:
    tables = {"client": "reccln", "job": "actrec", "job_billing": "acrinv", "service_billing": "srvinv"}
    schema = OWN.schema_file.read_text(encoding="utf-8")
    for slot, shape in OWN.requests.offered().items():
        assert f'name="{shape.name}"' in schema
        assert f'name="{shape.answer}"' in schema
        subject = slot.split("_add")[0].split("_update")[0].split("_query")[0]
        if subject in tables:
            assert set(shape.elements) <= set(METADATA.tables[tables[subject]].c.keys())
    for table, columns in OWN.widths.items():
        assert set(columns) <= set(METADATA.tables[table].c.keys())


@pytest.mark.parametrize(
    ("code", "words", "meaning"),
    [
        (Code.GOOD, "Ok", "good"),
        (Code.GOOD, "Ok. Warning: known number.", "good"),
        (Code.LICENCE, "No licence is free.", "retry_later"),
        (Code.EXCLUSIVE, "Another user has exclusive access to the company.", "retry_later"),
        (Code.EXCLUSIVE, "Something else under the same code.", "refused"),
        (Code.IN_USE, "The record is in use by another user.", "retry_later"),
        (Code.NOT_PROCESSED, "Not processed: an earlier request failed.", "retry_later"),
        (Code.LOGIN, "The password is not valid.", "login_refused"),
        (Code.NO_API_GROUP, "Not a member.", "login_refused"),
        (Code.PERIOD, "Posting period 9 of 2026 is closed.", "refused"),
        (Code.POSTED, "It is posted.", "refused"),
    ],
)
def test_what_an_answer_means_is_the_profiles_to_say(code: str, words: str, meaning: str) -> None:
    assert OWN.answers.meaning(code, words) == meaning


def test_without_rules_everything_but_good_is_a_refusal() -> None:
    assert Answers().meaning("20", "No licence is free.") == "refused"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unknown_key": 1}, "unknown_key"),
        ({"server_time_zone": "Mars/Olympus"}, "server_time_zone"),
        ({"requests": {"client_add": {"name": "ClientAdd"}}}, "requests.client_add.name"),
        ({"requests": {"client_add": {"name": "ARq", "elements": {"clnnme": "A B"}}}}, "elements.clnnme"),
        ({"answers": {"retry_later": [{}]}}, "answers.retry_later.0"),
        ({"client_statuses": {1: "sleeping"}}, "client_statuses"),
        ({"reference_column": "ntetxt"}, "reference_column"),
        ({"schema_file": "gone.xsd"}, "schema_file"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(FixInput, match=field) as refused:
        load_profile(edited(tmp_path, **changes))
    assert "site.yaml" in str(refused.value)


def test_one_element_carries_one_column_and_one_name_one_request() -> None:
    with pytest.raises(ValueError, match="more than one column"):
        RequestShape(name="ARq", elements={"clnnme": "Name", "shtnme": "Name"})
    shape = RequestShape(name="ARq")
    with pytest.raises(ValueError, match="one request name"):
        Sage100ContractorProfile.model_validate(
            {
                "provenance": "test",
                "schema_file": "x.xsd",
                "server_time_zone": "UTC",
                "client_statuses": {},
                "requests": {"client_add": shape, "client_update": shape},
            }
        )


def test_a_request_that_is_absent_is_not_offered(tmp_path: Path) -> None:
    path = edited(tmp_path, requests={"client_query": {"name": "ClientQryRq", "key": "ObjectRef/ObjectID"}})
    assert list(load_profile(path).requests.offered()) == ["client_query"]


def test_a_file_that_is_no_profile_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1,\n", encoding="utf-8")
    for path, words in ((broken, "not readable as YAML"), (tmp_path / "none.yaml", "cannot be read")):
        with pytest.raises(FixInput, match=words):
            load_profile(path)
