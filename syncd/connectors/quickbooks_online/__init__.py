"""QuickBooks Online: a cloud ledger, Accounting API v3. One connection is one company (a "realm")."""

from __future__ import annotations

from syncd.connectors.quickbooks_online.connector import QuickBooksConnector, open_connection
from syncd.connectors.quickbooks_online.entities import KINDS
from syncd.connectors.quickbooks_online.settings import Settings
from syncd.connectors.registry import Platform

PLATFORM = Platform(
    name="quickbooks-online",
    title="QuickBooks Online",
    entities=tuple(KINDS),
    settings=Settings,
    open=open_connection,
)

__all__ = ["PLATFORM", "QuickBooksConnector", "Settings"]
