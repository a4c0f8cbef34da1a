"""Where logs go and what may stand in them: one line an event, on stderr, without secrets.

JSON where a program reads them, coloured text where a person does. Customers' values are never
logged in the first place: events name records by key.
"""

from __future__ import annotations

import logging
import sys
from typing import Final

import structlog

from syncd.secrets.redact import Scrubber
from syncd.secrets.reference import Secret

_scrubber: Final = Scrubber()


def configure(level: int = logging.INFO) -> None:
    """Set up this process's log."""
    person = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if person else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _scrubber,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # asked for at each line: whoever redirects stderr later gets what is logged later
        logger_factory=lambda *_args: structlog.PrintLogger(sys.stderr),
    )


def hide(secret: Secret) -> None:
    """From now on this value appears in no log line, whatever hands it over."""
    _scrubber.add(secret)
