"""What REST-like platforms have in common: stamps, paging, walks, versions, batches, logins, and a
connection that only has to be told what is different about its platform."""

from syncd.rest.connector import Check, RestConnector
from syncd.rest.dialect import Call, Current, Dialect
from syncd.rest.paging import Ask, NextAddress, Offset, PageNumber, Place, Token, Whole
from syncd.rest.resource import Method, Reference, Resource, Since, Version, VersionIn
from syncd.rest.rows import Listed, Row
from syncd.rest.stamps import ISO_MICROS, ISO_MILLIS, ISO_SECONDS, UNIX_MILLIS, UNIX_SECONDS, Stamp

__all__ = [
    "ISO_MICROS",
    "ISO_MILLIS",
    "ISO_SECONDS",
    "UNIX_MILLIS",
    "UNIX_SECONDS",
    "Ask",
    "Call",
    "Check",
    "Current",
    "Dialect",
    "Listed",
    "Method",
    "NextAddress",
    "Offset",
    "PageNumber",
    "Place",
    "Reference",
    "Resource",
    "RestConnector",
    "Row",
    "Since",
    "Stamp",
    "Token",
    "Version",
    "VersionIn",
    "Whole",
]
