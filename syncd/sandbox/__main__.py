"""``python -m syncd.sandbox CALL``: serves one sandbox; CALL is the JSON that ``SandboxProcess`` writes.

People use ``syncd sandbox serve PLATFORM``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from syncd.core.errors import FixInput
from syncd.sandbox.serve import serve

if __name__ == "__main__":
    call = json.loads(sys.argv[1])
    profile = call.pop("profile")
    try:
        serve(**call, profile=Path(profile) if profile else None)
    except FixInput as wrong:
        sys.exit(f"{wrong.message} ({wrong.remedy})" if wrong.remedy else wrong.message)
