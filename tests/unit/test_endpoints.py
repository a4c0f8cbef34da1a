"""One declaration a call: what the table says and what answers it are held to each other."""

from __future__ import annotations

import inspect
import typing
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from monitor.desk import DriftDesk
from syncd.api import operator
from syncd.api.endpoint import PREFIX, Endpoint, Form
from syncd.api.endpoints import ENDPOINTS
from syncd.api.scopes import GRANTABLE, Scope, granted
from syncd.app.reload import Reloads
from syncd.engine.conflicts import ConflictDesk
from syncd.engine.operate import LocalOperator
from syncd.engine.reconciling import Reconciler
from syncd.service.accounts import AccountDesk
from syncd.service.board import Noticing
from syncd.service.document import document
from syncd.service.erasing import Eraser
from syncd.service.jobs import Jobs
from syncd.service.keys import KeyRing
from syncd.service.overview import Overview
from syncd.service.workers import WorkerDesk

ANSWERING: tuple[type, ...] = (
    Noticing,
    LocalOperator,
    Overview,
    AccountDesk,
    Jobs,
    ConflictDesk,
    Reconciler,
    KeyRing,
    Eraser,
    DriftDesk,
    Reloads,
    WorkerDesk,
)
"""Who answers in the daemon, in this order."""
BY_NAME = {call.name: call for call in ENDPOINTS}


def _method(call: Endpoint[Any, Any]) -> Any:
    owners = [kind for kind in ANSWERING if hasattr(kind, call.name)]
    assert owners, f"nobody answers {call.name}: add its object to ANSWERING and to the daemon's Parts"
    return getattr(owners[0], call.name)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_the_method_takes_what_is_asked_in_that_order(name: str) -> None:
    call = BY_NAME[name]
    if call.form is Form.EVENTS:
        return  # served by the feed, which also takes how far its watcher was
    parameters = [p for p in inspect.signature(_method(call)).parameters if p != "self"]
    fields = list(call.asked.model_fields)
    assert [p for p in parameters if p in fields] == fields
    assert call.acts == ("actor" in fields), "whoever acts is named, and nobody else"


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_the_method_gives_what_is_promised(name: str) -> None:
    call = BY_NAME[name]
    if call.form is Form.EVENTS:
        return
    returned = typing.get_type_hints(_method(call))["return"]
    if typing.get_origin(returned) is AsyncIterator:
        assert call.form is Form.LINES
        (returned,) = typing.get_args(returned)
    assert TypeAdapter(returned).json_schema() == call.answer.json_schema()


def test_names_and_paths_are_used_once() -> None:
    assert len(BY_NAME) == len(ENDPOINTS)
    assert len({(call.method, call.path) for call in ENDPOINTS}) == len(ENDPOINTS)


def test_who_changes_something_needs_more_than_reading() -> None:
    for call in ENDPOINTS:
        assert call.scope is not Scope.PUBLIC
        assert (call.scope is Scope.READ) <= (not call.acts), call.name


def test_every_method_of_the_operator_is_a_call() -> None:
    for protocol in (operator.Operator, operator.Keys):
        methods = {n for n in vars(protocol) if not n.startswith("_")}
        assert methods <= set(BY_NAME)


def test_scopes_go_with_each_other() -> None:
    assert granted([Scope.OPERATE]) == {Scope.READ, Scope.OPERATE, Scope.UNDO}
    assert granted([Scope.RESOLVE]) == {Scope.READ, Scope.RESOLVE, Scope.UNDO}
    assert granted([Scope.ADMIN]) == {*GRANTABLE, Scope.UNDO}
    assert Scope.PUBLIC not in GRANTABLE


def test_the_document_names_every_call_its_scope_and_its_refusals() -> None:
    served = document(ENDPOINTS)
    for call in ENDPOINTS:
        operation = served["paths"][PREFIX + call.path][call.method.lower()]
        assert operation["operationId"] == call.name
        assert operation["x-scope"] == call.scope.value
        assert {"200", "400", "401", "403", "404", "429"} <= set(operation["responses"])
