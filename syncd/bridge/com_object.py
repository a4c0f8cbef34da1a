"""The product's object on Windows, through pywin32.

Untested: no Windows machine with the product was at hand. What is here is what public code shows.
"""

from __future__ import annotations

import importlib
from typing import cast

from syncd.bridge.mbxml_object import MbxmlObject
from syncd.core.errors import FixInput


def com_object(class_name: str) -> MbxmlObject:
    """A new object in this thread's COM apartment. ``class_name`` is its ProgID as registered at the site.

    Raises ``FixInput`` where pywin32 or the product is missing.
    """
    try:
        pythoncom = importlib.import_module("pythoncom")
        client = importlib.import_module("win32com.client")
    except ImportError:
        raise FixInput(
            "object: com needs Windows and pywin32",
            remedy="on the ERP's server: pip install 'syncd[windows]'",
        ) from None
    pythoncom.CoInitialize()  # this thread only ever serves the object; its apartment ends with it
    try:
        return cast("MbxmlObject", client.Dispatch(class_name))
    except pythoncom.com_error:
        raise FixInput(
            f"no COM class named {class_name} is registered on this machine",
            remedy="set com_class to the ProgID that the product's installer registered",
        ) from None
