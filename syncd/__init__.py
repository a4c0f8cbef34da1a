"""syncd keeps the records of field-service systems and accounting ERPs equal, both ways.

Start with ``ARCHITECTURE.md``; the folder list is the map.
"""

__version__ = "0.1.0"
