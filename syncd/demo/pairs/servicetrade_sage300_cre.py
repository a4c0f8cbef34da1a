"""ServiceTrade -> Sage 300 CRE, one way and by file: approved invoices, hours and job costs go in batches
that a person imports."""

from __future__ import annotations

from syncd.demo.sides.servicetrade import handed_over
from syncd.sandbox.sage300_cre import LAYOUTS

_CODES = {
    "item": {
        "LAB-REG": "4010", "LAB-OT": "4010", "INSP": "4020", "TRIP": "4030", "FLT-20X25": "4050",
        "BELT-A42": "4050", "R410A": "4050", "HEAD-155": "4050", "VLV-3/4": "4050",
        "BATT-12V7": "4050", "LIFT": "4060", "SUB-ELEC": "4070", "DISC": "4090",
        "NOCHARGE": "4090",
    },
    "cost_code": {
        "FLT-20X25": "15-510", "BELT-A42": "15-510", "R410A": "15-520", "HEAD-155": "21-100",
        "VLV-3/4": "15-100", "BATT-12V7": "21-200", "LIFT": "01-500", "SUB-ELEC": "16-100",
        "TRIP": "01-600", "DISC": "01-900", "NOCHARGE": "01-900",
    },
    "cost_type": {"part": "M", "equipment": "E", "subcontract": "S", "other": "O"},
    "earning": {"onsite": "REG", "enroute": "TRV"},
}  # fmt: skip
"""ServiceTrade's code -> the ledger's: revenue accounts, cost codes, cost types, pay ids."""

PAIR = handed_over("sage300-cre", "Sage 300 CRE", LAYOUTS, _CODES, whole=False)
