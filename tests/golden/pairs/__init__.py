"""Stories of one pair of platforms each, played over the wire against both sandboxes.

A file bears its pair's name. Its sentences are those of an office, a bookkeeper and an operator; a ledger
that takes files has its own.
"""
