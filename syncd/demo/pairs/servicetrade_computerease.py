"""ServiceTrade -> ComputerEase, one way and by file: approved invoices, hours and job costs go in batches;
one error cancels a whole import."""

from __future__ import annotations

from syncd.demo.sides.servicetrade import handed_over
from syncd.sandbox.computerease import LAYOUTS

_CODES = {
    "item": {
        "LAB-REG": "4010", "LAB-OT": "4010", "INSP": "4020", "TRIP": "4030", "FLT-20X25": "4050",
        "BELT-A42": "4050", "R410A": "4050", "HEAD-155": "4050", "VLV-3/4": "4050",
        "BATT-12V7": "4050", "LIFT": "4060", "SUB-ELEC": "4070", "DISC": "4090",
        "NOCHARGE": "4090",
    },
    "cost_code": {
        "FLT-20X25": "155100", "BELT-A42": "155100", "R410A": "155200", "HEAD-155": "211000",
        "VLV-3/4": "151000", "BATT-12V7": "212000", "LIFT": "015000", "SUB-ELEC": "161000",
        "TRIP": "016000", "DISC": "019000", "NOCHARGE": "019000",
    },
    "cost_type": {"part": "MAT", "equipment": "EQP", "subcontract": "SUB", "other": "OTH"},
    "earning": {"onsite": "REG", "enroute": "TRV"},
}  # fmt: skip
"""ServiceTrade's code -> the ledger's: revenue accounts, cost codes, cost types, pay ids."""

PAIR = handed_over("computerease", "ComputerEase", LAYOUTS, _CODES, whole=True)
