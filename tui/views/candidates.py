"""A record beside one that it may be: the points, what speaks for and against, and both field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Group
from rich.text import Text

from syncd.api.models import MatchCandidate
from tui.text import harmless
from tui.views.table import part
from tui.views.values import values

SURE: Final = 80
"""Points from which a candidate may be taken without being looked at."""


def screen(candidates: Sequence[MatchCandidate], at: int, none: str) -> Group:
    """The candidate at ``at`` near by; ``none``: what to say where there is none."""
    if not candidates:
        return Group(part("Nearest", none))
    one = candidates[at % len(candidates)]
    parts = [part(f"Candidate {at % len(candidates) + 1} of {len(candidates)}", _headline(one))]
    parts.append(part("What speaks for it, and against", "\n".join(harmless(e, 120) for e in one.evidence)))
    if one.fields:
        parts.append(part("Side by side", values(one.fields, base=False)))
    if one.held is not None:
        parts.append(part("First", f"write {one.held} must be settled: it may be what made this record (5)"))
    return Group(*parts)


def _headline(one: MatchCandidate) -> Text:
    said = points(one.score)
    said.append(f"   {harmless(one.label, 60)}", style="bold")
    return said.append(f"   {harmless(one.key, 40)}")


def points(score: int) -> Text:
    """As a bar and a number: not by colour alone."""
    full = round(score / 10)
    return Text(
        f"{'█' * full}{'░' * (10 - full)} {score}", style="green" if score >= SURE else "yellow", no_wrap=True
    )
