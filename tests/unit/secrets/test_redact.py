"""No canary survives the scrubber, wherever in a log line it stands."""

from __future__ import annotations

import base64
import json
import sys
from urllib.parse import quote

import pytest
import structlog

from syncd.secrets import Secret
from syncd.secrets.redact import Scrubber

CANARY = "Kanari/42+x"


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization: {CANARY}",
        f"{{'Authorization': 'Basic {CANARY}'}}",
        f"sent Bearer {CANARY} to it",
        f"Cookie: a=1; PHPSESSID={CANARY}; b=2",
        f"Set-Cookie: PHPSESSID={CANARY}",
        f"PHPSESSID={CANARY}",
        f"grant_type=refresh_token&refresh_token={CANARY}&client_id=c",
        f"client_secret={CANARY}",
        f'{{"access_token":"{CANARY}","expires_in":3600}}',
        f'{{"password" : "{CANARY}"}}',
        f"password={CANARY}",
        f"X-Api-Key: {CANARY}",
        f"https://api.example.com/x?api_key={CANARY}&page=2",
        f"https://user:{quote(CANARY, safe='')}@example.com/x",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJLYW5hcmkvNDIreCJ9.Kanari/42+x",
    ],
)
def test_patterns_hide_it(line: str) -> None:
    shown = Scrubber().text(line)
    assert "***" in shown
    assert "Kanari" not in shown
    assert "eyJzdWI" not in shown


@pytest.mark.parametrize(
    "shape",
    [str, json.dumps, lambda v: quote(v, safe=""), quote, lambda v: base64.b64encode(v.encode()).decode()],
)
def test_a_known_secret_is_hidden_in_every_spelling(shape: object) -> None:
    assert callable(shape)
    secret = 'Kan"ari/42+x\\'
    shown = Scrubber([Secret(secret)]).text(f"the platform said {shape(secret)} to us")
    assert shown.replace('"', "") == "the platform said *** to us"


@pytest.mark.parametrize(
    "line",
    [
        "acme: /invoice/2270000000000123: HTTP 503",
        "the platform refuses the token",
        "page 3 of 7, 500 records, 0.4 s",
        "2026-11-21T12:00:00Z",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert Scrubber([Secret("hunter2")]).text(line) == line


def test_the_processor_goes_into_everything() -> None:
    event = {
        "event": f"login with password={CANARY}",
        "status": 401,
        "access_token": CANARY,
        "headers": {"Authorization": CANARY, "Accept": "application/json"},
        "sent": [{"client_secret": CANARY}, f"token={CANARY}"],
        "body": CANARY.encode(),
        "error": ValueError(f"Bearer {CANARY}"),
    }
    shown = Scrubber()(None, "info", event)
    assert "Kanari" not in repr(shown)
    assert shown["status"] == 401
    assert shown["headers"]["Accept"] == "application/json"
    assert shown["body"] == "<11 bytes>"


def test_tracebacks_pass_through_it(capsys: pytest.CaptureFixture[str]) -> None:
    logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stdout), processors=[Scrubber(), structlog.processors.JSONRenderer()]
    )
    try:
        raise ValueError(f"refused: client_secret={CANARY}")
    except ValueError:
        logger.error("it broke", exc_info=True)
    printed = capsys.readouterr().out
    assert "Traceback" in printed
    assert "Kanari" not in printed
