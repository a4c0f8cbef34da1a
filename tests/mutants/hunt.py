"""``python -m tests.mutants.hunt NAME SEEDS``: plants one bug in this process, and looks for it."""

from __future__ import annotations

import json
import sys

from tests.mutants.plant import plant

_CRASHED = 4
"""Stories whose every crash point is tried on a bug that nothing else has caught."""


def hunt(name: str, seeds: int) -> dict[str, object]:
    """Who caught it, after how many seeds, how many of them were played (they have its world), the words."""
    world = plant(name).world
    # only now: what they import must be imported with the bug in it
    from tests.golden.crashes import once  # noqa: PLC0415
    from tests.golden.parser import all_stories  # noqa: PLC0415
    from tests.golden.player import play  # noqa: PLC0415
    from tests.golden.world import StoryWorld  # noqa: PLC0415
    from tests.mutants.worlds import WORLDS, of_seed  # noqa: PLC0415
    from tests.sim.database import Memory  # noqa: PLC0415
    from tests.sim.run import run  # noqa: PLC0415

    fits, played = WORLDS[world], 0
    for seed in (seed for seed in range(seeds) if fits(of_seed(seed))):
        played += 1
        violations = run(seed).violations
        if violations:
            return {"by": "simulation", "after": seed + 1, "played": played, "words": violations[0]}
    sought = {"after": seeds if played else 0, "played": played}
    memory = Memory()
    for story in all_stories():
        try:
            play(StoryWorld(memory), story)
        except Exception as error:
            return {"by": "golden scenarios", **sought, "words": f"{story.title}: {error}"}
    for story in [story for story in all_stories() if story.every_step][:_CRASHED]:
        for wrong in once(memory, story):
            if wrong:
                return {"by": "crash points", **sought, "words": wrong[0]}
    return {"by": "", **sought, "words": ""}


if __name__ == "__main__":
    print(json.dumps(hunt(sys.argv[1], int(sys.argv[2]))))
