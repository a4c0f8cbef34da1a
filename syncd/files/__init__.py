"""Ledgers that are written by file: batches, their layouts and what comes back.

A platform of this kind is a folder in ``syncd.connectors`` that says what its import is like; everything
that such platforms share is here.
"""
