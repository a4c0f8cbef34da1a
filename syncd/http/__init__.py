"""HTTP for connectors: one client that reads again and writes once, and the logins it can use."""

from syncd.http.answer import Answer
from syncd.http.auth import AuthScheme, Bearer, NoAuth, OAuth2, Send, SessionCookie
from syncd.http.budget import Rate
from syncd.http.client import HttpClient

__all__ = [
    "Answer",
    "AuthScheme",
    "Bearer",
    "HttpClient",
    "NoAuth",
    "OAuth2",
    "Rate",
    "Send",
    "SessionCookie",
]
