"""The records of the benchmark: one nested invoice of 1.5 KB with 45 leaves, deterministic by its number."""

from __future__ import annotations

from typing import Any

import orjson

PAGE = 200
"""Records a page."""

FIRST_ID = 4_000_000_000_000_000
"""Keys have 16 digits, as field-service systems give them."""


def wire(number: int) -> dict[str, Any]:
    """Invoice ``number`` as the left platform shows it."""
    cents = 10_000 + number * 7919 % 900_000
    half, tax = cents // 2, cents * 8 // 100
    key = FIRST_ID + number
    return {
        "id": key,
        "uri": f"https://api.example.test/invoice/{key}",
        "invoiceNumber": f"S-{number:07d}",
        "type": "invoice",
        "status": "pending_accounting",
        "transactionDate": f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}",
        "dueDate": f"2026-12-{1 + number % 28:02d}",
        "updated": 1_762_000_000 + number,
        "customer": {
            "id": key - number % 500,
            "name": f"Orchard Foods No. {number % 500}, Inc.",
            "uri": f"https://api.example.test/company/{key - number % 500}",
            "status": "active",
        },
        "location": {
            "id": key - number % 900,
            "name": f"Cold store {number % 900}",
            "address": {
                "street": f"{number % 9000} Northwest Industrial Parkway",
                "city": "Springfield",
                "state": "IL",
                "postalCode": f"{60000 + number % 900}",
            },
        },
        "job": {"id": key - number % 700, "number": f"J-{number % 700}", "name": "Quarterly inspection"},
        "terms": "NET30",
        "department": "SERVICE",
        "taxDistrict": "IL-SANGAMON",
        "purchaseOrder": f"PO-{number % 4000}",
        "description": "Quarterly inspection of the refrigeration plant, filters and belts renewed",
        "tax": tax / 100,
        "retainage": 0,
        "totalPrice": (2 * half + tax) / 100,
        "balance": (2 * half + tax) / 100,
        "items": [_item(key, at, half) for at in (1, 2)],
        "assigned": {"id": 9000 + number % 40, "name": "A. Technician"},
        "notes": "Access through the loading dock, ask for the shift supervisor; " * 5,
    }


def _item(key: int, at: int, cents: int) -> dict[str, Any]:
    return {
        "id": key * 10 + at,
        "description": f"Labor and material, visit {at}",
        "quantity": 2,
        "price": cents / 200,
        "total": cents / 100,
        "taxable": at == 1,
    }


def body(number: int) -> bytes:
    """The same as JSON."""
    return orjson.dumps(wire(number))


def envelope(records: list[bytes], pages: int) -> bytes:
    """One page as the platform answers it."""
    return b'{"pages":%d,"data":[%s]}' % (pages, b",".join(records))
