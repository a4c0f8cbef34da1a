"""Sage 100 Contractor: read by SQL, written by MBXML through the bridge beside it."""
