"""The canonical entities: the one vocabulary every platform is mapped to, one file each."""

from syncd.entities.customer import Customer
from syncd.entities.entity import Entity
from syncd.entities.invoice import Invoice
from syncd.entities.job import Job
from syncd.entities.location import Location
from syncd.entities.payment import Payment

ENTITIES: dict[str, type[Entity]] = {
    kind.entity: kind for kind in (Customer, Location, Job, Invoice, Payment)
}
"""By name, parents first: a kind refers only to kinds before it."""

__all__ = ["ENTITIES", "Customer", "Entity", "Invoice", "Job", "Location", "Payment"]
