"""Microsoft Dynamics 365 Business Central: an ERP, API v2.0 over OData 4. One connection is one company."""

from __future__ import annotations

from syncd.connectors.business_central.connector import BusinessCentralConnector, open_connection
from syncd.connectors.business_central.entities import KINDS
from syncd.connectors.business_central.settings import Settings
from syncd.connectors.registry import Platform

PLATFORM = Platform(
    name="business-central",
    title="Business Central",
    entities=tuple(KINDS),
    settings=Settings,
    open=open_connection,
)

__all__ = ["PLATFORM", "BusinessCentralConnector", "Settings"]
