"""HTTP for connectors: one client that reads again and writes once, and the logins it can use."""

from syncd.http.answer import Answer
from syncd.http.auth import ApiKey, AuthScheme, Basic, Bearer, NoAuth, Send, SessionCookie
from syncd.http.budget import Rate
from syncd.http.client import HttpClient
from syncd.http.tokens import Grants, OAuth2, Revocation, TokenLogin

__all__ = [
    "Answer",
    "ApiKey",
    "AuthScheme",
    "Basic",
    "Bearer",
    "Grants",
    "HttpClient",
    "NoAuth",
    "OAuth2",
    "Rate",
    "Revocation",
    "Send",
    "SessionCookie",
    "TokenLogin",
]
