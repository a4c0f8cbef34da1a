"""The canonical entities: the one vocabulary every platform is mapped to, one file each."""

from syncd.entities.bill import Bill
from syncd.entities.customer import Customer
from syncd.entities.employee import Employee
from syncd.entities.entity import Entity
from syncd.entities.invoice import Invoice
from syncd.entities.item import Item
from syncd.entities.job import Job
from syncd.entities.job_cost import JobCost
from syncd.entities.location import Location
from syncd.entities.payment import Payment
from syncd.entities.purchase_order import PurchaseOrder
from syncd.entities.time_entry import TimeEntry
from syncd.entities.vendor import Vendor

ENTITIES: dict[str, type[Entity]] = {
    kind.entity: kind
    for kind in (
        Customer,
        Vendor,
        Employee,
        Item,
        Location,
        Job,
        Invoice,
        Payment,
        PurchaseOrder,
        Bill,
        TimeEntry,
        JobCost,
    )
}
"""By name, parents first: a kind refers only to kinds before it."""

__all__ = [
    "ENTITIES",
    "Bill",
    "Customer",
    "Employee",
    "Entity",
    "Invoice",
    "Item",
    "Job",
    "JobCost",
    "Location",
    "Payment",
    "PurchaseOrder",
    "TimeEntry",
    "Vendor",
]
