"""Logins as a contract: a sentence a row, and no token in any of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor import credentials
from monitor.severity import Action, Level
from syncd.ports import Exchange, Grant

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def exchange(status: int = 200, problem: str = "", asked: Any = None, **headers: str) -> Exchange:
    return Exchange(
        "GET", "/invoice", status, {k.replace("_", "-"): v for k, v in headers.items()}, problem, asked
    )


def drift(known: dict[str, Any], seen: dict[str, Any]) -> list[tuple[str, Level, Action]]:
    return [(d.kind, d.severity.level, d.severity.action) for d in credentials.changes(known, seen)]


@pytest.mark.parametrize(
    ("before", "after", "kind", "level", "action"),
    [
        # another scheme: nothing we hold opens the door any more
        ({"scheme": "basic"}, {"scheme": "bearer"}, "auth_scheme", Level.BREAKING, Action.HOLD_CONNECTION),
        ({"realm": "api"}, {"realm": "v2"}, "auth_realm", Level.RISKY, Action.TICKET),
        ({"scopes": ["a", "b"]}, {"scopes": ["a"]}, "scope_lost", Level.BREAKING, Action.HOLD_CONNECTION),
        ({"scopes": ["a"]}, {"scopes": ["a", "b"]}, "scope_new", Level.ADDITIVE, Action.LOG),
        # shorter, and still renewed in time: somebody should know
        ({"token_lifetime_s": 3600}, {"token_lifetime_s": 900}, "token_lifetime", Level.RISKY, Action.TICKET),
        # shorter than the time before its end at which it is renewed
        (
            {"token_lifetime_s": 3600},
            {"token_lifetime_s": 240},
            "token_lifetime",
            Level.BREAKING,
            Action.HOLD_CONNECTION,
        ),
        ({"refresh_token": True}, {"refresh_token": False}, "refresh_rotation", Level.RISKY, Action.TICKET),
        ({}, {"login_page": True}, "login_page", Level.BREAKING, Action.HOLD_CONNECTION),
        ({}, {"sunset_at": "2027-05-01T00:00:00+00:00"}, "sunset", Level.RISKY, Action.TICKET),
        ({"served_version": "74"}, {"served_version": "75"}, "served_version", Level.RISKY, Action.TICKET),
        ({"signing_keys": ["a"]}, {"signing_keys": ["a", "b"]}, "signing_keys", Level.ADDITIVE, Action.LOG),
        (
            {"metadata_grant_types_supported": ["client_credentials", "refresh_token"]},
            {"metadata_grant_types_supported": ["refresh_token"]},
            "auth_metadata",
            Level.BREAKING,
            Action.TICKET,
        ),
    ],
)
def test_each_change_has_its_gravity(
    before: dict[str, Any], after: dict[str, Any], kind: str, level: Level, action: Action
) -> None:
    assert drift(before, after) == [(kind, level, action)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"scheme": "bearer"}),
        ({"token_lifetime_s": 3600}, {"token_lifetime_s": 3590}),
        ({"token_lifetime_s": 900}, {"token_lifetime_s": 3600}),
        ({"login_page": True}, {"login_page": False}),
        ({"scheme": "bearer"}, {"scheme": "bearer"}),
    ],
)
def test_what_is_new_the_same_or_better_is_no_drift(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert drift(before, after) == []


def test_a_version_that_is_served_instead_of_the_one_we_ask_for_is_told_until_it_is_served() -> None:
    def answered(served: str) -> dict[str, Any]:
        seen = exchange(200, Api_Version=served, asked=({}, {"API-Version": "2026-04"}))
        return {n: v for n, v in credentials.of_exchange(seen).items() if n == "served_instead"}

    assert drift({}, answered("2026-04")) == []
    (found,) = credentials.changes({}, answered("2026-10"))
    assert (found.kind, found.severity.level) == ("version_ignored", Level.RISKY)
    assert answered("2026-04") == {"served_instead": found.before}


def test_headers_become_facts() -> None:
    seen = exchange(
        401,
        WWW_Authenticate='Bearer realm="api", error="invalid_token"',
        Deprecation="@1767225600",
        Sunset="Sat, 01 May 2027 00:00:00 GMT",
        Link='<https://api.example.com/v2?key=1>; rel="successor-version", </next>; rel="next"',
        Api_Version="2026-10",
        Set_Cookie="PHPSESSID=abc",
        asked=({"minorversion": "74"}, {}),
    )
    assert credentials.of_exchange(seen) == {
        "scheme": "bearer",
        "realm": "api",
        "deprecated_at": "2026-01-01T00:00:00+00:00",
        "sunset_at": "2027-05-01T00:00:00+00:00",
        "link_successor-version": "https://api.example.com/v2",
        "served_version": "2026-10",
        "asked_version": "74",
    }


def test_a_web_page_with_status_200_is_a_login_page_until_json_comes_again() -> None:
    page = exchange(200, problem="HTTP 200: a web page (a login or error page?) where JSON was promised")
    assert credentials.of_exchange(page) == {"login_page": True}
    assert credentials.of_exchange(exchange(200)) == {"login_page": False}


def test_a_grant_says_everything_but_its_tokens() -> None:
    facts = credentials.of_grant(
        Grant(3599.7, ("a", "b"), refresh=True, rotated=True, refresh_lifetime_s=86400)
    )
    assert facts == {
        "token_lifetime_s": 3600,
        "scopes": ["a", "b"],
        "refresh_token": True,
        "rotation": True,
        "refresh_lifetime_s": 86400,
    }


def test_certificates_and_metadata_are_read() -> None:
    peer = {"notAfter": "Jan  5 09:34:43 2027 GMT", "issuer": ((("organizationName", "Example CA"),),)}
    assert credentials.of_certificate(peer) == {
        "certificate_expires_at": "2027-01-05T09:34:43+00:00",
        "certificate_issuer": "Example CA",
    }
    facts = credentials.of_metadata(
        {"issuer": "https://id.example.com", "grant_types_supported": ["b", "a"], "other": 1},
        {"keys": [{"kid": "k2"}, {"kid": "k1"}]},
    )
    assert facts == {
        "metadata_issuer": "https://id.example.com",
        "metadata_grant_types_supported": ["a", "b"],
        "signing_keys": ["k1", "k2"],
    }


@pytest.mark.parametrize(
    ("days", "step", "level"),
    [
        (40, None, None),
        (29, 30, Level.RISKY),
        (10, 14, Level.RISKY),
        (6, 7, Level.BREAKING),
        (-1, 0, Level.BREAKING),
    ],
)
def test_an_expiry_counts_down(days: int, step: int | None, level: Level | None) -> None:
    facts = {"certificate_expires_at": (NOW + timedelta(days=days)).isoformat()}
    found = [(d.after["days"], d.severity.level) for d in credentials.countdown(facts, NOW)]
    assert found == ([] if step is None else [(step, level)])
