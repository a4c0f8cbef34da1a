"""``quality.toml`` of a connector: which rules of the conformance suite it keeps, which do not apply to it
and why, how each fact it is built on is known, and what it comes to for people who choose platforms."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from syncd.connectors import registry
from syncd.entities import ENTITIES


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    status: Literal["done", "exempt"]
    reason: str = ""
    """Why it does not apply: a property of the platform's transport or documents, never a plan."""

    @model_validator(mode="after")
    def _exempt_says_why(self) -> Self:
        if self.status == "exempt" and not self.reason.strip():
            raise ValueError("an exempt rule says why")
        return self


class Fact(_Strict):
    says: str
    known: Literal["documented", "seen in public code", "inferred", "assumed"]


class Parity(_Strict):
    """What a connection to the platform can do at most; its settings and profile may take from it."""

    verified_by: str = ""
    """How it was tried: no more than that is claimed."""
    modes: tuple[Literal["poll", "webhook", "on command", "file"], ...] = ()
    """How changes are found, or handed over."""
    limits: tuple[str, ...] = ()
    """What is not possible, and why."""
    entities: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Kind of record -> ``read`` and the operations on it; the suite holds what is declared against it."""


class Quality(_Strict):
    rules: dict[str, Rule]
    """By the name of the suite's test, without ``test_``."""
    facts: dict[str, Fact] = {}
    parity: Parity = Parity()


def quality_of(package: str) -> Quality:
    """The file beside the connector's code. Raises ``ValidationError`` for one that does not hold."""
    return Quality.model_validate(tomllib.loads(files(package).joinpath("quality.toml").read_text("utf-8")))


def parity() -> dict[str, Parity]:
    """Platform -> what it comes to, of every platform that is shipped."""
    shipped = [name for name in registry.names() if name not in registry.outside()]
    return {name: quality_of(f"syncd.connectors.{name.replace('-', '_')}").parity for name in shipped}


_LETTERS = {"read": "R", "create": "C", "update": "U", "delete": "D"}


def table(platforms: dict[str, Parity]) -> str:
    """The parity tables of the README: who carries what, and what holds of it."""
    kinds = [kind for kind in ENTITIES if any(kind in one.entities for one in platforms.values())]
    carried = [("", *(kind.replace("_", " ") for kind in kinds))]
    held = [("", "changes found by", "tried against", "not possible, and why")]
    for name, one in platforms.items():
        cells = (_letters(one.entities.get(kind, ())) for kind in kinds)
        carried.append((f"**{name}**", *(cells if one.entities else ["any"] * len(kinds))))
        held.append((f"**{name}**", ", ".join(one.modes), one.verified_by, "<br>".join(one.limits)))
    legend = (
        "**R** read, **C** create, **U** update, **D** delete, **+** steps of a document (its status, an"
        " external id, a comment). *any*: as its YAML declares."
    )
    return f"{_markdown(carried)}\n{legend}\n\n{_markdown(held)}"


def _letters(operations: Sequence[str]) -> str:
    known = "".join(letter for name, letter in _LETTERS.items() if name in operations)
    return known + ("+" if set(operations) - _LETTERS.keys() else "")


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)
