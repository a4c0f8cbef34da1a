"""Logins, certificates and what headers announce, as a contract of their own. Pure.

A *fact* is one thing a connection's exchanges say about how it is reached: the login's scheme, how
long a token lives, when something expires. Facts are compared with what was said before; dates count
down by themselves. No token, password or cookie is ever a fact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Any, Final

from monitor.severity import Action, Level, Severity
from syncd.http.tokens import RENEW_BEFORE_S
from syncd.ports import Exchange, Grant
from syncd.ports.drift import EXPIRES

Facts = Mapping[str, Any]
"""Name -> JSON value, of one connection."""

LOGIN: Final = "login"
"""The operation under which all of this is reported."""

ASKED: Final = "asked_version"
SERVED: Final = "served_version"
"""The fact, and the drift, of the version that answers name."""
_INSTEAD: Final = "version_ignored"
VERSIONS: Final = frozenset({SERVED, _INSTEAD})
"""Drifts that say which version is served now."""

_PAGE: Final = Severity(Level.BREAKING, Action.TICKET)
_HOLD: Final = Severity(Level.BREAKING, Action.HOLD_CONNECTION)
_RISKY: Final = Severity(Level.RISKY, Action.TICKET)
_LOG: Final = Severity(Level.ADDITIVE, Action.LOG)

_SHORTER: Final = 0.9
"""A token's life below this share of what it was is news; clocks and rounding explain the rest."""
_LATE_DAYS: Final = (30, 14, 7, 1)
"""Days before an expiry at which its alert is raised anew."""
_VERSION: Final = re.compile(r"(?i)(^|-)(api-)?version$|^x-ms-version$|^odata-version$")
_SCHEME: Final = re.compile(r"^\s*([A-Za-z][\w-]*)")
_REALM: Final = re.compile(r'realm="?([^",]*)"?', re.IGNORECASE)
_LINK: Final = re.compile(r'<([^>]*)>\s*;[^,]*?rel="?([\w -]+)"?')
_RELATIONS: Final = frozenset({"deprecation", "sunset", "successor-version", "latest-version"})
_EPOCH: Final = re.compile(r"@(-?\d+)")
_METADATA: Final = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "jwks_uri",
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "scopes_supported",
    "code_challenge_methods_supported",
)


@dataclass(frozen=True, slots=True)
class LoginDrift:
    """One change in how a connection is reached."""

    kind: str
    name: str
    """The fact."""
    before: Any
    after: Any
    severity: Severity
    words: str

    def fingerprint(self, platform: str) -> str:
        """No counts, no connection, no wording; of a countdown, the step it has reached."""
        spoken = "\x1f".join((platform, LOGIN, self.kind, self.name, repr(self.before), repr(self.after)))
        return blake2b(spoken.encode(), digest_size=8).hexdigest()


# -- facts ----------------------------------------------------------------------------------------


def of_exchange(seen: Exchange) -> dict[str, Any]:
    """What one exchange says."""
    facts: dict[str, Any] = {}
    if seen.problem and seen.status == 200 and "web page" in seen.problem:
        facts["login_page"] = True
    elif 200 <= seen.status < 300:
        facts["login_page"] = False
    for name, value in seen.headers.items():
        lower = name.lower()
        if lower == "www-authenticate" and seen.status == 401:
            facts |= _challenge(value)
        elif lower == "deprecation":
            facts["deprecated_at"] = _date(value) or value[:40]
        elif lower == "sunset":
            facts["sunset_at"] = _date(value) or value[:40]
        elif lower == "link":
            facts |= {
                f"link_{rel}": target.partition("?")[0][:200]
                for target, rel in _LINK.findall(value)
                if rel in _RELATIONS
            }
        elif _VERSION.search(lower):
            facts[SERVED] = value[:40]
    by, asked = _asked_version(seen.asked)
    if asked:
        facts[ASKED] = asked
        served = next((v[:40] for name, v in seen.headers.items() if name.lower() == by), None)
        if served is not None:  # under the name that we asked by: others count something else
            facts["served_instead"] = "" if served == asked else served
    return facts


def _challenge(value: str) -> dict[str, Any]:
    scheme, realm = _SCHEME.match(value), _REALM.search(value)
    facts: dict[str, Any] = {"scheme": scheme.group(1).lower()} if scheme else {}
    if realm:
        facts["realm"] = realm.group(1)[:80]
    return facts


def _asked_version(asked: Any) -> tuple[str, str]:
    """(Name, version) that a request asks for, by query or header."""
    for part in asked or ():
        if isinstance(part, Mapping):
            for name, value in part.items():
                lower = str(name).lower()
                if lower in ("minorversion", "api-version") or _VERSION.search(lower):
                    return lower, str(value)[:40]
    return "", ""


def of_grant(grant: Grant) -> dict[str, Any]:
    """What a token endpoint's answer says, but for its tokens."""
    facts: dict[str, Any] = {"refresh_token": grant.refresh}
    if grant.lifetime_s is not None:
        facts["token_lifetime_s"] = round(grant.lifetime_s)
    if grant.scopes:
        facts["scopes"] = list(grant.scopes)
    if grant.rotated:
        facts["rotation"] = True
    if grant.refresh_lifetime_s is not None:
        facts["refresh_lifetime_s"] = round(grant.refresh_lifetime_s)
    return facts


def of_certificate(peer: Mapping[str, Any]) -> dict[str, Any]:
    """From ``ssl.SSLSocket.getpeercert()``."""
    facts: dict[str, Any] = {}
    if "notAfter" in peer:
        ends = datetime.strptime(peer["notAfter"], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
        facts[f"certificate{EXPIRES}"] = ends.isoformat()
    issuer = {key: value for part in peer.get("issuer", ()) for key, value in part}
    if issuer:
        facts["certificate_issuer"] = issuer.get("organizationName") or issuer.get("commonName", "")
    return facts


def of_metadata(document: Mapping[str, Any], keys: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """From RFC 8414 or OpenID Connect metadata, and its key set."""
    facts: dict[str, Any] = {
        f"metadata_{name}": sorted(document[name]) if isinstance(document[name], list) else document[name]
        for name in _METADATA
        if name in document
    }
    if keys is not None:
        facts["signing_keys"] = sorted(str(key.get("kid", "")) for key in keys.get("keys", ()))
    return facts


def _date(value: str) -> str | None:
    """RFC 9745's ``@seconds``, or an HTTP date, as ISO text."""
    epoch = _EPOCH.fullmatch(value.strip())
    try:
        at = datetime.fromtimestamp(int(epoch.group(1)), UTC) if epoch else parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


# -- drift ----------------------------------------------------------------------------------------


def changes(known: Facts, seen: Facts) -> Iterator[LoginDrift]:
    """What ``seen`` says differently from ``known``. What is said for the first time is no change, but
    for what announces an end or is none of an API's answers."""
    for name, after in seen.items():
        before = known.get(name)
        if before == after:
            continue
        judge = _JUDGES.get(name)
        if judge is not None:
            if before is None and name not in _NEWS:
                continue
            found = judge(name, before, after)
            if found is not None:
                yield found
        elif name.startswith("metadata_") and before is not None:
            yield _metadata(name, before, after)


def _scheme(name: str, before: Any, after: Any) -> LoginDrift:
    words = f"the platform asks for the login scheme {after!r}, not {before!r} any more"
    return LoginDrift("auth_scheme", name, before, after, _HOLD, words)


def _realm(name: str, before: Any, after: Any) -> LoginDrift:
    return LoginDrift("auth_realm", name, before, after, _RISKY, f"the login's realm is {after!r} now")


def _scopes(name: str, before: Any, after: Any) -> LoginDrift:
    lost, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    if lost:
        words = f"the token no longer carries {', '.join(lost)}"
        return LoginDrift("scope_lost", name, before, after, _HOLD, words)
    return LoginDrift("scope_new", name, before, after, _LOG, f"the token also carries {', '.join(new)}")


def _lifetime(name: str, before: Any, after: Any) -> LoginDrift | None:
    if after >= before * _SHORTER:
        return None
    severity = _HOLD if name == "token_lifetime_s" and after <= RENEW_BEFORE_S else _RISKY
    what = "token" if name == "token_lifetime_s" else "refresh token"
    words = f"a {what} lives {_span(after)}, not {_span(before)} any more"
    if severity is _HOLD:
        words += f"; that is below the {_span(RENEW_BEFORE_S)} before its end at which it is renewed"
    return LoginDrift("token_lifetime", name, before, after, severity, words)


def _refresh(name: str, before: Any, after: Any) -> LoginDrift:
    words = (
        "no refresh token comes with the token any more" if before else "a refresh token comes with it now"
    )
    return LoginDrift("refresh_rotation", name, before, after, _RISKY, words)


def _login_page(name: str, before: Any, after: Any) -> LoginDrift | None:
    if not after:
        return None
    words = "a web page (a login page?) is answered with status 200 where JSON was promised"
    return LoginDrift("login_page", name, bool(before), True, _HOLD, words)


def _issuer(name: str, before: Any, after: Any) -> LoginDrift:
    return LoginDrift(
        "certificate_issuer", name, before, after, _RISKY, f"the certificate is issued by {after!r} now"
    )


def _version(name: str, before: Any, after: Any) -> LoginDrift:
    words = f"version {after!r} is served, not {before!r} any more"
    return LoginDrift(SERVED, name, before, after, _RISKY, words)


def _instead(name: str, before: Any, after: Any) -> LoginDrift | None:
    if not after:
        return None
    words = f"version {after!r} is served, though we ask for another"
    return LoginDrift(_INSTEAD, name, before or "", after, _RISKY, words)


def _keys(name: str, before: Any, after: Any) -> LoginDrift:
    return LoginDrift("signing_keys", name, before, after, _LOG, "the signing keys have changed")


def _announced(name: str, before: Any, after: Any) -> LoginDrift:
    what = {"deprecated_at": "deprecated", "sunset_at": "to be switched off"}[name]
    words = f"what we call is announced as {what}: {after}"
    return LoginDrift(name.removesuffix("_at"), name, before, after, _RISKY, words)


def _metadata(name: str, before: Any, after: Any) -> LoginDrift:
    lost = sorted(set(before) - set(after)) if isinstance(before, list) and isinstance(after, list) else []
    dropped = name in ("metadata_grant_types_supported", "metadata_token_endpoint_auth_methods_supported")
    words = f"the published {name.removeprefix('metadata_')} has changed"
    if lost:
        words += f": {', '.join(map(str, lost))} is gone"
    return LoginDrift("auth_metadata", name, before, after, _PAGE if lost and dropped else _RISKY, words)


_JUDGES: Final[Mapping[str, Callable[[str, Any, Any], LoginDrift | None]]] = {
    "scheme": _scheme,
    "realm": _realm,
    "scopes": _scopes,
    "token_lifetime_s": _lifetime,
    "refresh_lifetime_s": _lifetime,
    "refresh_token": _refresh,
    "login_page": _login_page,
    "certificate_issuer": _issuer,
    SERVED: _version,
    "served_instead": _instead,
    "signing_keys": _keys,
    "deprecated_at": _announced,
    "sunset_at": _announced,
}
_NEWS: Final = frozenset({"login_page", "deprecated_at", "sunset_at", "served_instead"})


# -- what counts down -----------------------------------------------------------------------------


def expiries(facts: Facts) -> dict[str, datetime]:
    """Fact -> when it ends: certificates, secrets, announced ends."""
    found = {}
    for name, value in facts.items():
        if isinstance(value, str) and (name.endswith(EXPIRES) or name == "sunset_at"):
            try:
                at = datetime.fromisoformat(value)
            except ValueError:
                continue
            found[name] = at if at.tzinfo else at.replace(tzinfo=UTC)
    return found


def countdown(facts: Facts, now: datetime) -> Iterator[LoginDrift]:
    """What ends within a month; each nearer step is news, the last ones for a person at night."""
    for name, at in expiries(facts).items():
        left = at - now
        reached = [days for days in _LATE_DAYS if left <= timedelta(days=days)]
        if not reached:
            continue
        step = reached[-1]
        what = name.removesuffix("_at").removesuffix("_expires").replace("_", " ")
        over = left <= timedelta(0)
        words = f"the {what} {'ended' if over else 'ends'} on {at:%Y-%m-%d}"
        urgent = 14 if name == "sunset_at" else 7
        severity = _PAGE if step <= urgent or over else _RISKY
        yield LoginDrift("expiry", name, at.isoformat(), {"days": 0 if over else step}, severity, words)


def _span(seconds: float) -> str:
    for unit, size in (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} seconds"
