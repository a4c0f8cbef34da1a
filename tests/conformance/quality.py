"""``quality.toml`` of a connector: which rules of the conformance suite it keeps, which do not apply
to it and why, and how each fact it is built on is known."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator


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


class Quality(_Strict):
    rules: dict[str, Rule]
    """By the name of the suite's test, without ``test_``."""
    facts: dict[str, Fact] = {}


def quality_of(package: str) -> Quality:
    """The file beside the connector's code. Raises ``ValidationError`` for one that does not hold."""
    return Quality.model_validate(tomllib.loads(files(package).joinpath("quality.toml").read_text()))
