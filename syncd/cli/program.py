"""The command tree, the options all commands share, and how a run begins and ends."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Group, Parameter

from syncd import __version__
from syncd.cli.exits import Exit, meaning, report_file, told
from syncd.cli.options import Options, Output, use
from syncd.cli.output import complain
from syncd.core.errors import SyncdError

_HELP = """
Keep the records of field-service systems and accounting ERPs equal, both ways.

First steps:
  syncd init acme && cd acme     write a site folder to start from
  syncd check --live             is everything in place? (writes nothing)
  syncd plan acme                what would be written where, and why
  syncd sync acme                do it once
  syncd run                      do it all the time

Exit codes:
  0 ok, 1 failed, 2 something must be mended first, 3 partly failed,
  4 nothing matched, 5 needs --yes, 6 daemon does not answer, 130 interrupted
"""

_COMMANDS = {
    # name: where it is, and the line in the list of commands (the function's text is its own help)
    "init": ("site:init", "Write a site folder to start from."),
    "check": ("site:check", "Look at configuration, credentials, reachability, migrations, crosswalks."),
    "platforms": ("site:platforms", "List the platforms that can be connected."),
    "plan": ("records:plan", "Show what would be written where, and why. Writes nothing."),
    "sync": ("records:sync", "Run once: all links, one link or one flow."),
    "send": ("records:send", "Send one record now."),
    "run": ("daemon:run", "Run the daemon: webhooks, schedules, control API."),
    "worker": ("daemon:worker", "Run links beside the daemon, one of many processes."),
    "workers": ("workers:workers", "List the workers, and what each runs."),
    "reload": ("daemon:reload", "Have the running daemon read its configuration anew."),
    "bridge": ("daemon:bridge", "Run the bridge beside an on-premises ERP."),
    "status": ("records:status", "Show how every link stands."),
    "reconcile": ("conflicts:reconcile", "Read both sides in full; list every difference and every cent."),
    "explain": ("records:explain", "Tell the life of one record."),
    "stop-writes": ("holds:stop_writes", "Stop every write, everywhere, now."),
    "hold": ("holds:hold", "Let no write pass until it is released."),
    "release": ("holds:release", "Release holds; what waited is planned anew."),
    "backup": ("upkeep:backup", "Copy the state into a file, while the daemon goes on."),
    "restore": ("upkeep:restore", "Put a backup in the place of the state."),
    "erase": ("erasing:erase", "Take out what is kept of a customer who has left."),
    "tui": ("dashboard:tui", "Open the on-call dashboard."),
    "demo": ("sandbox:demo", "Watch the main job on two sandboxes on this machine."),
}
_GROUPS = {
    "match": (
        "Records that may be on the other side already.",
        {
            "list": ("match:list_", "List them, with candidates and evidence."),
            "show": ("match:show", "Show one beside its candidates."),
            "accept": ("match:accept", "Say: it is this one."),
            "reject": ("match:reject", "Say: these two are not the same."),
            "create": ("match:create", "Say: it is none of them, create it."),
        },
    ),
    "held": (
        "Writes that only a person can settle.",
        {
            "list": ("held:list_", "List them."),
            "show": ("held:show", "Show one, with the nearest matches on its platform."),
            "settle": ("held:settle", "Say: it is this one; or: send it again."),
        },
    ),
    "quarantine": (
        "Records that one side refuses.",
        {
            "list": ("quarantine:list_", "List them."),
            "show": ("quarantine:show", "Show one, with the platform's own words."),
            "retry": ("quarantine:retry", "Try them again."),
            "skip": ("quarantine:skip", "Leave them alone until they change."),
        },
    ),
    "drift": (
        "What the platforms answer differently, and what is held.",
        {
            "list": ("drift:list_", "List what is open."),
            "show": ("drift:show", "Show one: evidence, impact, what to do."),
            "ack": ("drift:ack", "No reminders for a while; writes stay held."),
            "accept": ("drift:accept", "The new behaviour is right: go on with it."),
            "ignore": ("drift:ignore", "It stops nothing at this connection."),
            "revert": ("drift:revert", "Take an acceptance back: it is open again."),
            "export": ("drift:export", "Write one as a page that can be mailed."),
        },
    ),
    "monitor": (
        "The watch over the platforms' APIs.",
        {"run": ("drift:monitor", "Watch connections, without syncing anything.")},
    ),
    "conflicts": (
        "Fields that both sides changed differently.",
        {
            "list": ("conflicts:list_", "List them, with both versions."),
            "show": ("conflicts:show", "Show one: every version, who and when."),
            "resolve": ("conflicts:resolve", "Say what stands; the next cycle carries it out."),
        },
    ),
    "export": (
        "Batches for ledgers that are written by file.",
        {
            "run": ("export:run", "Make a batch of what waits."),
            "list": ("export:list_", "List batches, or the records of one."),
            "confirm": ("export:confirm", "Say what the ledger made of one."),
            "reverse": ("export:reverse", "Say: its reversal file was imported."),
            "resume": ("export:resume", "Go on after a backup was put back."),
        },
    ),
    "job": (
        "Bulk work that the daemon carries out.",
        {
            "list": ("jobs:list_", "List it: how far, by whom, what came of it."),
            "cancel": ("jobs:cancel", "Take one back, or stop it."),
        },
    ),
    "token": (
        "Tokens of the control API.",
        {
            "create": ("tokens:create", "Make one; it is shown once."),
            "list": ("tokens:list_", "List who holds one."),
            "revoke": ("tokens:revoke", "Close one, at once."),
        },
    ),
    "connection": (
        "Accounts on platforms.",
        {
            "test": ("connections:test", "Log in and look around now."),
            "revoke": ("connections:revoke", "End a login at its platform."),
        },
    ),
    "alert": (
        "Who is told, and from when on.",
        {
            "rules": ("alert:rules", "Print the rules for Prometheus, with this site's figures."),
            "test": ("alert:test", "Send one message through a channel."),
        },
    ),
    "audit": (
        "What was written and who asked for what, as hash chains.",
        {
            "verify": ("upkeep:verify", "Look whether every line is what was written."),
            "export": ("upkeep:export", "Write it to stdout, one JSON object a line."),
        },
    ),
    "db": (
        "The state's database.",
        {
            "upgrade": ("database:upgrade", "Bring the tables to this version's revision."),
            "current": ("database:current", "Show the revision it is at, and the newest one."),
            "copy": ("database:copy", "Move the whole state into another database."),
        },
    ),
    "sandbox": (
        "Every platform as a local server.",
        {
            "serve": ("sandbox:serve", "Serve one in the foreground."),
            "list": ("sandbox:list_", "List the platforms that can be played."),
        },
    ),
    "contract": (
        "What each platform's answers look like, as files that people review.",
        {
            "learn": ("contract:learn", "Write what a connection's records look like."),
            "show": ("contract:show", "Show one, place by place."),
            "diff": ("contract:diff", "Show how one differs from another, or from what is answered now."),
            "check": ("contract:check", "Prove every lens against its contract. No network."),
            "accept": ("contract:accept", "Write one reviewed change into a contract's file."),
            "import": ("contract:import_", "Write one from OpenAPI, OData, XSD, JSON Schema or SQL."),
        },
    ),
    "connector": (
        "Platforms of your own.",
        {"new": ("connector:new", "Begin a new platform: package, sandbox, quality file, tests.")},
    ),
    "config": (
        "The configuration's own words.",
        {"schema": ("site:schema", "Print the JSON Schema of syncd.yaml, for editors.")},
    ),
}

_PANELS = {
    "Every day": (
        "status", "tui", "explain", "send", "quarantine", "conflicts", "match", "held", "drift",
        "hold", "release", "stop-writes",
    ),
    "Work": (
        "plan", "sync", "reconcile", "export", "job", "run", "reload", "bridge", "worker", "workers",
        "monitor",
    ),
    "Set up": ("init", "check", "platforms", "connection", "token", "alert", "config", "demo", "sandbox"),
    "Upkeep": ("backup", "restore", "audit", "erase", "db"),
    "Platforms": ("connector", "contract"),
}  # fmt: skip
"""How the list of commands is told: heading -> commands."""

_GLOBAL = Group("Global options", sort_key=100)


def build(called: Sequence[str] = ()) -> App:
    """The whole command tree. Commands are imported when called; only then does a command's own text,
    with its examples, take the place of its line in the list."""
    app = App(
        name="syncd",
        help=_HELP,
        help_format="plaintext",
        version=__version__,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(negative=(), show_default=_worth_telling),
    )
    for flag in ("--help", "--version"):
        app[flag].group = (_GLOBAL,)
    panels: dict[str, Group] = {}
    for at, (title, names) in enumerate(_PANELS.items()):
        panels |= dict.fromkeys(names, Group(title, sort_key=at))
    for name, (where, line) in _COMMANDS.items():
        told = _own_words(where) if name in called else line
        app.command(f"syncd.cli.commands.{where}", name=name, help=told, group=panels[name])
    for name, (help_text, below) in _GROUPS.items():
        group = App(name=name, help=help_text, group=panels[name])
        for sub, (where, line) in below.items():
            told = _own_words(where) if name in called and sub in called else line
            group.command(f"syncd.cli.commands.{where}", name=sub, help=told)
        app.command(group)

    @app.meta.default
    def start(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        config: Annotated[Path, Parameter(group=_GLOBAL, env_var="SYNCD_CONFIG")] = Path("syncd.yaml"),
        output: Annotated[Output, Parameter(name=("--output", "-o"), group=_GLOBAL)] = Output.TABLE,
        json: Annotated[bool, Parameter(group=_GLOBAL, show_default=False)] = False,
        no_input: Annotated[bool, Parameter(group=_GLOBAL, show_default=False)] = False,
        yes: Annotated[bool, Parameter(name=("--yes", "-y"), group=_GLOBAL, show_default=False)] = False,
        quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), group=_GLOBAL, show_default=False)] = False,
        verbose: Annotated[
            bool, Parameter(name=("--verbose", "-v"), group=_GLOBAL, show_default=False)
        ] = False,
    ) -> Any:
        """Options that every command takes, before or after its name.

        Parameters
        ----------
        config
            The site's file.
        output
            Form of the data on stdout.
        json
            The same as --output json.
        no_input
            Never ask.
        yes
            Agree to what would be asked.
        quiet
            Say nothing but data and errors.
        verbose
            Say more on the way.
        """
        form = Output.JSON if json else output
        use(Options(config, form, no_input=no_input, yes=yes, quiet=quiet, verbose=verbose))
        return app(tokens, exit_on_error=False, print_error=False)

    app.meta.suppress_keyboard_interrupt = False  # `run` says what an interruption means
    return app


def _own_words(where: str) -> str:
    """What a command says of itself: its docstring up to the parameters, each paragraph as one line (the
    terminal breaks it), examples as they stand."""
    module, _, name = where.partition(":")
    text = inspect.getdoc(getattr(import_module(f"syncd.cli.commands.{module}"), name)) or ""
    lines = text.partition("\nParameters\n---")[0].strip().split("\n")
    as_it_stands = groupby(lines, key=lambda line: not line or line.startswith(" "))
    return "\n".join("\n".join(part) if kept else " ".join(part) for kept, part in as_it_stands)


def _worth_telling(default: object) -> str | None:
    """How a default is shown; None for those that go without saying: off, nothing, none of them."""
    return None if default is False or default in (None, "", ()) else str(default)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Never raises, never shows a traceback."""
    try:
        ended = build(arguments).meta(list(arguments), exit_on_error=False, print_error=False)
        return int(ended) if ended is not None else Exit.OK
    except CycloptsError as wrong:
        complain(f"syncd: {wrong}", "red")
        complain("see: syncd --help, or syncd COMMAND --help")
        return Exit.USAGE
    except (KeyboardInterrupt, asyncio.CancelledError):
        complain("interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # who read our output has gone; a second flush at exit must not complain about it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except SyncdError as error:
        return _refused(error)
    except Exception as error:
        return _broke(error)


def _refused(error: SyncdError) -> int:
    code, what, _ = meaning(error)
    problems = list(told(error))
    complain(f"{what}:" if len(problems) == 1 else f"{what} ({len(problems)} places):", "bold red")
    for (why, remedy), following in zip_longest(problems, problems[1:]):
        complain(f"  {why}")
        if remedy and (following is None or following[1] != remedy):  # once for a run of the same kind
            complain(f"    try: {remedy}", "cyan")
    return code


def _broke(error: Exception) -> int:
    ident, path = report_file(error)
    where = f"the details are in {path}" if path else "and no folder could be written to"
    complain(f"An error nobody expected ({type(error).__name__}, id {ident}); {where}", "bold red")
    return Exit.FAILED
