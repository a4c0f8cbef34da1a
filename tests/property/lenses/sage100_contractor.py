"""Sage 100 Contractor's lenses, as the sandbox's profile has them."""

from tests.unit.connectors.sage100_contractor.site import sandbox_maps as maps

__all__ = ["maps"]
