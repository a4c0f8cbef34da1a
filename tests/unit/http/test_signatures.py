"""What proves a webhook: the platform's own signature passes, and nothing that differs by one bit."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.http.signatures import (
    ClientState,
    FixedHeader,
    HeaderSignature,
    PathOnly,
    StandardWebhooks,
    TimedSignature,
)
from syncd.ports.webhooks import Delivery, Doubt, Forged, Genuine, Handshake, WebhookVerifier
from syncd.secrets.reference import Secret

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY, OTHER = "a-verifier-token", "another-token"
BODY = b'{"events":[{"id":"41"}]}'


def _mac(data: bytes, key: str = KEY, algorithm: str = "sha256") -> bytes:
    return hmac.new(key.encode(), data, algorithm).digest()


def _delivery(headers: Mapping[str, str], body: bytes = BODY) -> Delivery:
    return Delivery({name.lower(): [value] for name, value in headers.items()}, {}, body)


def intuit(body: bytes = BODY, key: str = KEY) -> Delivery:
    return _delivery({"Intuit-Signature": b64encode(_mac(body, key)).decode()}, body)


def github(body: bytes = BODY, key: str = KEY) -> Delivery:
    return _delivery({"X-Hub-Signature-256": f"sha256={_mac(body, key).hex()}"}, body)


def stripe(body: bytes = BODY, key: str = KEY, at: datetime = NOW) -> Delivery:
    seconds = str(int(at.timestamp()))
    signature = _mac(seconds.encode() + b"." + body, key).hex()
    return _delivery({"Stripe-Signature": f"t={seconds},v1={signature}"}, body)


def standard(body: bytes = BODY, key: str = KEY, at: datetime = NOW) -> Delivery:
    seconds = str(int(at.timestamp()))
    signature = b64encode(_mac(f"evt_1.{seconds}.".encode() + body, key)).decode()
    headers = {"webhook-id": "evt_1", "webhook-timestamp": seconds, "webhook-signature": f"v1,{signature}"}
    return _delivery(headers, body)


def graph(state: str = KEY) -> Delivery:
    return _delivery({}, json.dumps({"value": [{"clientState": state}, {"clientState": state}]}).encode())


def fixed(value: str = KEY) -> Delivery:
    return _delivery({"X-Syncd": value})


_WHSEC = Secret("whsec_" + b64encode(KEY.encode()).decode())
SCHEMES: dict[str, tuple[WebhookVerifier, Callable[[], Delivery], Callable[[], Delivery]]] = {
    "intuit": (HeaderSignature("intuit-signature", (Secret(KEY),)), intuit, lambda: intuit(key=OTHER)),
    "github": (
        HeaderSignature("x-hub-signature-256", (Secret(KEY),), encoding="hex", prefix="sha256="),
        github,
        lambda: github(key=OTHER),
    ),
    "stripe": (TimedSignature("stripe-signature", (Secret(KEY),)), stripe, lambda: stripe(key=OTHER)),
    "standard": (StandardWebhooks((_WHSEC,)), standard, lambda: standard(key=OTHER)),
    "graph": (ClientState((Secret(KEY),)), graph, lambda: graph(OTHER)),
    "fixed": (FixedHeader("x-syncd", (Secret(KEY),)), fixed, lambda: fixed(OTHER)),
}
SIGNED = ("intuit", "github", "stripe", "standard")


@pytest.mark.parametrize("name", SCHEMES)
def test_the_platforms_own_passes_and_another_keys_does_not(name: str) -> None:
    verifier, good, bad = SCHEMES[name]
    assert isinstance(verifier.examine(good(), NOW), Genuine)
    assert verifier.examine(bad(), NOW) == Forged(Doubt.SIGNATURE)


@pytest.mark.parametrize("name", SIGNED)
def test_whatever_differs_in_body_or_header_is_refused(name: str) -> None:
    verifier, good, _ = SCHEMES[name]
    delivery, chance = good(), Random(7)
    for _ in range(2_000):
        changed = _mutated(delivery, chance)
        assert isinstance(verifier.examine(changed, NOW), Forged), changed


def _mutated(delivery: Delivery, chance: Random) -> Delivery:
    if chance.random() < 0.5:
        body = bytearray(delivery.body)
        where = chance.randrange(len(body))
        if chance.random() < 0.3:
            del body[where]
        else:
            body[where] ^= 1 << chance.randrange(8)
        return replace(delivery, body=bytes(body))
    name = chance.choice(sorted(delivery.headers))
    value = delivery.headers[name][0]
    where = chance.randrange(len(value))
    # the last base64 digit before "=" carries spare bits: compared as text, not decoded, they count too
    other = chance.choice("0123456789abcdefghijklmnopqrstuvwxyzABCDEF+/=,. é")
    changed = value[:where] + other + value[where + 1 :]
    if changed == value:
        changed = value[:where] + value[where + 1 :]
    return replace(delivery, headers={**delivery.headers, name: [changed]})


@pytest.mark.parametrize("name", [*SIGNED, "fixed"])
def test_no_header_or_two_of_them_prove_nothing(name: str) -> None:
    verifier, good, _ = SCHEMES[name]
    delivery = good()
    for header, values in delivery.headers.items():
        for others in ([], [*values, *values], [""], ["é" * 10_000]):
            asked = replace(delivery, headers={**delivery.headers, header: others})
            assert isinstance(verifier.examine(asked, NOW), Forged)


@pytest.mark.parametrize(
    ("seconds", "good"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)]
)
@pytest.mark.parametrize("name", ["stripe", "standard"])
def test_a_signed_time_has_a_window(name: str, seconds: int, good: bool) -> None:
    verifier, make, _ = SCHEMES[name]
    verdict = verifier.examine(make(), NOW + timedelta(seconds=seconds))
    assert isinstance(verdict, Genuine) if good else verdict == Forged(Doubt.TIME)


def test_while_a_secret_is_replaced_both_are_good() -> None:
    verifier = HeaderSignature("intuit-signature", (Secret(OTHER), Secret(KEY)))
    assert isinstance(verifier.examine(intuit(), NOW), Genuine)
    assert isinstance(verifier.examine(intuit(key=OTHER), NOW), Genuine)
    assert verifier.examine(intuit(key="a third"), NOW) == Forged(Doubt.SIGNATURE)


def test_an_event_has_the_name_that_was_signed_with_it() -> None:
    assert SCHEMES["standard"][0].examine(standard(), NOW) == Genuine("evt_1")


def test_a_handshake_is_answered_with_what_was_asked() -> None:
    verifier = SCHEMES["graph"][0]
    assert verifier.examine(Delivery({}, {"validationToken": "a b"}, b""), NOW) == Handshake("a b")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"value":[]}', b'{"value":[{}]}', b'{"value":[{"clientState":7}]}', b'{"value":[null]}'],
)
def test_notifications_that_repeat_no_secret_are_refused(body: bytes) -> None:
    assert isinstance(SCHEMES["graph"][0].examine(Delivery({}, {}, body), NOW), Forged)


def test_one_strange_notification_spoils_the_delivery() -> None:
    body = json.dumps({"value": [{"clientState": KEY}, {"clientState": OTHER}]}).encode()
    assert SCHEMES["graph"][0].examine(Delivery({}, {}, body), NOW) == Forged(Doubt.SIGNATURE)


@given(
    st.dictionaries(st.text(max_size=20), st.lists(st.text(max_size=40), max_size=3)), st.binary(max_size=60)
)
def test_no_delivery_makes_a_verifier_raise(headers: dict[str, list[str]], body: bytes) -> None:
    known = {"stripe-signature", "intuit-signature", "webhook-id", "webhook-timestamp", "webhook-signature"}
    values = next(iter(headers.values()), [])
    delivery = Delivery({**headers, **dict.fromkeys(known, values)}, {}, body)
    for verifier, _, _ in SCHEMES.values():
        assert isinstance(verifier.examine(delivery, NOW), Forged)
    assert PathOnly().examine(delivery, NOW) == Genuine()
