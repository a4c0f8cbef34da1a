"""Examples made from declarations: what was assumed for a sandbox never passes for a site's own fact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from syncd.config.document import read
from syncd.config.example import example_profile, example_settings, unset
from syncd.config.load import load
from syncd.config.problems import BrokenFiles
from syncd.connectors.registry import Platform, platform
from syncd.core.errors import FixInput
from syncd.secrets.reference import SecretRef


class Login(BaseModel):
    user: str
    password: SecretRef


class Settings(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    base_url: str
    """Address of the API. Without a path."""
    login: Login
    page_size: int = 100
    """Records a page."""
    token: SecretRef | None = None


def test_settings_show_what_is_required_and_the_rest_as_comments() -> None:
    made = Platform("some-erp", "Some ERP", ("customer",), Settings, platform("ledger").open)
    assert example_settings(made, "  ").splitlines() == [
        "  base_url: SET  # Address of the API",
        "  login:",
        "    user: SET",
        "    password: env:SOME_PASSWORD",
        "  # page_size: 100  # Records a page",
        "  # token: env:SOME_TOKEN",
    ]


@pytest.mark.parametrize(
    ("name", "blank", "kept"),
    [
        ("servicetrade", ("lines", "amount"), {("entity_types", "job"): 3, ("lines", "item"): "libItem"}),
        (
            "sage100-contractor",
            ("requests", "job_billing_add", "elements", "invnum"),
            {("requests", "client_add", "name"): "ClientAddRq", ("schema_file",): "mbxml.xsd"},
        ),
    ],
)
def test_a_profile_keeps_what_was_seen_and_blanks_what_was_assumed(
    tmp_path: Path, name: str, blank: tuple[str, ...], kept: dict[tuple[str, ...], object]
) -> None:
    text = example_profile(name)
    assert text is not None
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    document = read(path)
    assert blank in set(unset(document.data))
    for loc, value in kept.items():
        assert document.at(loc) == value
    assert example_profile("nonesuch") is None


def test_what_is_still_to_be_set_is_refused_by_its_line_in_every_file(edited: Callable[..., Path]) -> None:
    edited("name: ClientAddRq", "name: SET", "profiles/books.yaml")
    edited('default_right: "1"', "default_right: SET", "crosswalks/acme.yaml")
    path = edited('"https://field.example.com"', "SET")
    with pytest.raises(BrokenFiles) as caught:
        load(path)
    told = [f"{p.place.file.rpartition('/')[2]}:{p.place.line}" for p in caught.value.problems if p.place]
    assert told == ["syncd.yaml:5", "books.yaml:4", "acme.yaml:2"]
    assert all("still to be set" in p.message for p in caught.value.problems)


def test_many_unset_values_are_counted_not_listed(edited: Callable[..., Path]) -> None:
    many = "".join(f"  request_{n}: {{name: SET}}\n" for n in range(30))
    with pytest.raises(FixInput) as caught:
        load(edited("  client_add: {name: ClientAddRq}\n", many, "profiles/books.yaml"))
    assert len(caught.value.message.splitlines()) == 11
    assert "and 19 more below" in caught.value.message
