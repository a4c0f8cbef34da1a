"""The managed part: watches what each API answers, and holds writes before a ledger is harmed."""
