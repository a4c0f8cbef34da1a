"""Reading a site profile by itself, for whoever has no site around it (a sandbox, a test).

A site's own profiles are read by ``syncd.config.load``, which also knows the line of every value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from syncd.core.errors import FixInput, Place

_Profile = TypeVar("_Profile", bound=BaseModel)
_REMEDY = "compare it with the profile that `syncd init` writes, where every entry is explained"


def read_profile(path: Path, model: type[_Profile]) -> _Profile:
    """The profile in a file; its relative paths start at its folder. Raises ``FixInput`` naming the field."""
    try:
        data: Any = YAML(typ="safe").load(path)
    except OSError as wrong:
        raise FixInput(f"cannot be read: {wrong.strerror}", place=Place(str(path))) from None
    except YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise FixInput("not readable as YAML", place=Place(str(path), line), remedy=_REMEDY) from None
    try:
        return model.model_validate(data, context={"folder": path.resolve().parent})
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(step) for step in first["loc"])
        raise FixInput(first["msg"], place=Place(str(path), field=field or None), remedy=_REMEDY) from None
