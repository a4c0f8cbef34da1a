"""What a call of the control API is: its route, scope, question and answer, as one declaration."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Literal, TypeVar

from pydantic import TypeAdapter

from syncd.api.requests import Asked
from syncd.api.scopes import Scope

A = TypeVar("A", bound=Asked)
T = TypeVar("T")

PREFIX: Final = "/api/v1/"
"""Of every path. A change that an older client would misread gets a new number."""


class Form(StrEnum):
    """How the answer travels."""

    DOCUMENT = "application/json"
    LINES = "application/x-ndjson"
    """One JSON document a line while it goes on; a ``Problem`` as the last one where it fails."""
    EVENTS = "text/event-stream"
    """Server-sent events, until the client leaves."""


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[A, T]):
    """One call."""

    name: str
    """The method that answers it; also its operation id in the document."""
    method: Literal["GET", "POST"]
    path: str
    """Below ``PREFIX``."""
    scope: Scope
    asked: type[A]
    """By query for a GET, as JSON body for a POST."""
    answer: TypeAdapter[T]
    """Of a stream: one of its documents."""
    summary: str
    form: Form = Form.DOCUMENT

    @property
    def acts(self) -> bool:
        """Whether it changes something, and so is audited."""
        return self.method == "POST"
