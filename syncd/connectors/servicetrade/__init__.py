"""ServiceTrade: cloud field service, one REST/JSON API."""

from __future__ import annotations

from syncd.connectors.registry import Platform
from syncd.connectors.servicetrade.connector import ServiceTradeConnector, open_connection
from syncd.connectors.servicetrade.profile import ServiceTradeProfile
from syncd.connectors.servicetrade.settings import Settings

PLATFORM = Platform(
    name="servicetrade",
    title="ServiceTrade",
    entities=(
        "customer",
        "vendor",
        "employee",
        "location",
        "job",
        "invoice",
        "bill",
        "payment",
        "time_entry",
        "job_cost",
    ),
    settings=Settings,
    open=open_connection,
    profile=ServiceTradeProfile,
)

__all__ = ["PLATFORM", "ServiceTradeConnector", "ServiceTradeProfile", "Settings"]
