"""Lenses: one declaration per field gives both directions. Pure.

``get`` reads a platform's record into canonical fields, ``put`` turns wanted canonical fields into
the smallest patch of that record. The lens laws are tested over every registered map.
"""
