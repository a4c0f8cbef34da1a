"""The tree of errors is an interface: callers catch by it, the command line exits by it."""

from __future__ import annotations

import inspect

from syncd.core import errors
from syncd.core.errors import AwaitReference, FixInput, Place, RefuseRecord, RetryLater, SyncdError


def test_the_tree() -> None:
    tree = {
        name: kind.__base__.__name__
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, Exception) and kind.__base__ is not None
    }
    assert tree == {
        "SyncdError": "Exception",
        "FixInput": "SyncdError",
        "NothingMatched": "SyncdError",
        "NeedsConfirmation": "SyncdError",
        "DaemonUnreachable": "SyncdError",
        "StateLocked": "SyncdError",
        "StateUnavailable": "SyncdError",
        "Fenced": "SyncdError",
        "RenewCredentials": "SyncdError",
        "RetryLater": "SyncdError",
        "UnreadableAnswer": "SyncdError",
        "ForbiddenDestination": "SyncdError",
        "RefuseRecord": "SyncdError",
        "AwaitReference": "SyncdError",
    }


def test_every_error_says_what_to_do_next() -> None:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        assert inspect.getdoc(kind)
    assert SyncdError("it broke", remedy="mend it").remedy == "mend it"
    assert SyncdError("it broke").message == str(SyncdError("it broke")) == "it broke"


def test_bad_input_names_its_place() -> None:
    assert str(Place("syncd.yaml")) == "syncd.yaml"
    assert str(Place("syncd.yaml", 7)) == "syncd.yaml:7"
    assert str(Place("syncd.yaml", 7, "links.acme")) == "syncd.yaml:7 (links.acme)"
    assert FixInput("unknown key", place=Place("syncd.yaml", 7)).message == "syncd.yaml:7: unknown key"
    assert FixInput("unknown key").message == "unknown key"


def test_what_the_engine_reads_from_them() -> None:
    assert RetryLater("busy", after_s=3.0).after_s == 3.0
    assert RetryLater("busy").after_s is None
    refused = RefuseRecord("no name", code="validation", field="name")
    assert (refused.code, refused.field) == ("validation", "name")
    waiting = AwaitReference("not paired", side="left", entity="customer", key="F1")
    assert (waiting.side, waiting.entity, waiting.key) == ("left", "customer", "F1")
