"""Sage 100 Contractor as it is seen from beside it: its SQL tables, and the object that takes MBXML.

The object's face is one POST for each method, ``/object/<Method>`` with ``{"args": [...]}`` and
``{"result": ...}``; ``object_client.SandboxObject`` speaks it. The database is a SQLite file whose
address stands in the ready line (``database_url``).
"""

from syncd.sandbox.sage100_contractor.product import Sage100ContractorSandbox
from syncd.sandbox.sandbox import SandboxPlatform

SANDBOX = SandboxPlatform(name="sage100-contractor", build=Sage100ContractorSandbox)
