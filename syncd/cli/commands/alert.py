"""``alert``: the rules for Prometheus, and channels tried out."""

from __future__ import annotations

import asyncio
import sys

from syncd.cli import session
from syncd.cli.exits import Exit
from syncd.cli.options import options
from syncd.cli.output import say


def rules(*, documentation: str = "docs") -> int:
    """Print the alert rules for Prometheus, with this site's figures (`alerts.thresholds`).

    For example:
      syncd alert rules > /etc/prometheus/rules/syncd.yaml

    Parameters
    ----------
    documentation
        Where the runbooks stand: a folder, or the address that you publish docs/ at.
    """
    sys.stdout.write(session.composition().alert_rules(options().config, documentation))
    return Exit.OK


def test(channel: str, /) -> int:
    """Send one message through a channel, at whatever hour. Exit code 1 if it is not taken.

    For example:
      syncd alert test on-call

    Parameters
    ----------
    channel
        Its name in `alerts.channels`.
    """
    taken = asyncio.run(session.composition().alert_test(options().config, channel))
    say(f"{channel} took it: look whether it arrived." if taken else f"{channel} did not take it.")
    return Exit.OK if taken else Exit.FAILED
