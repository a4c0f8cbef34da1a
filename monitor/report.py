"""One drift as a single page that can be mailed: no script, no font, no picture from anywhere. Pure.

Everything that came from outside is escaped; the page carries a policy of its own that forbids
whatever is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

from syncd.api.drift import DriftView

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --bad: #c0341d; --good: #1a7f4b; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; font: 16px/1.5 system-ui, sans-serif;
       overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; line-height: 1.25; margin: .25rem 0 .5rem; }
h2 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p { margin: .25rem 0 .75rem; }
code, pre { font: .9em/1.45 ui-monospace, Consolas, monospace; }
pre { margin: .25rem 0 .75rem; padding: .6rem .75rem; background: var(--soft); border-radius: .4rem;
      white-space: pre-wrap; }
.badge { display: inline-block; padding: .05rem .55rem; border: 1px solid; border-radius: 1rem;
         font-size: .85rem; font-weight: 600; }
.breaking { color: var(--bad); } .additive, .over { color: var(--good); }
.sides { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); }
.side { border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .75rem; }
.side h3 { margin: 0 0 .4rem; font-size: .9rem; font-weight: 600; }
.gone { text-decoration: line-through; color: var(--bad); } .new { color: var(--good); font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0;
         border-bottom: 1px solid var(--line); }
th { font-weight: 600; width: 11rem; }
@media (max-width: 30rem) { th, td { display: block; width: auto; border: 0; padding: 0; }
  tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--line); } }
@media print { body { max-width: none; } }
"""

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_MEANINGS: Final[Mapping[str, str]] = {
    "field_gone": "a field is gone",
    "field_renamed": "a field has another name",
    "shape_changed": "a value has another shape",
    "type_changed": "a value has another type",
    "type_widened": "a value has one more type",
    "nullable": "a field is null at times",
    "optional": "a field is missing at times",
    "enum_new": "a closed set has new values",
    "format_changed": "a value is spelled otherwise",
    "envelope": "what stands around the records has changed",
    "scale": "amounts come in another unit",
    "sign": "amounts have another sign",
    "share": "nothing, or one constant, became frequent",
    "key_lost": "a key no longer tells records apart",
    "acceptance_ends": "what was accepted is let through for a few days more",
    "write_narrowed": "the platform accepts less than it did",
}


def page(view: DriftView) -> str:
    """The whole HTML document."""
    title = f"Drift {view.id}: {headline(view)}"
    parts = [
        _head(view, title),
        _sides(view),
        _section("What to do", _repair(view)),
        _section("Whom it hits", _table(_impact(view))),
        _section("Evidence", _table(_evidence(view))),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def headline(view: DriftView) -> str:
    """What happened, in a line."""
    return f"{meaning(view.kind)}: {view.path} of {view.operation} at {view.connection}"


def meaning(kind: str) -> str:
    """A kind of drift in words."""
    return _MEANINGS.get(kind, kind.replace("_", " "))


def _head(view: DriftView, title: str) -> str:
    over = view.state in ("accepted", "reverted", "ignored")
    badge = "over" if over else view.level
    held = ", ".join(held.scope for held in view.holds)
    waiting = f"; {view.waiting} records wait" if view.waiting else ""
    if over:
        who = view.actor or "the monitor"
        status = f"{view.state.capitalize()} by {who}, {_at(view.closed_at)}. {view.reason}"
    elif held:
        status = f"Writes are held ({held}) since {_at(view.held_at)}{waiting}."
    else:
        status = f"No flow is held{waiting}."
    return (
        f'<p><span class="badge {badge}">{escape(view.level)}</span> '
        f'<span class="badge {"over" if over else ""}">{escape(view.state)}</span></p>\n'
        f"<h1>{escape(title)}</h1>\n<p>{escape(status)}</p>"
    )


def _sides(view: DriftView) -> str:
    """The contract before and after, facet by facet, next to each other (below, on a phone)."""
    before, after = _facets(view.before), _facets(view.after)
    same = {name for name in before if before[name] == after.get(name)}
    left = [_facet(name, value, "" if name in same else "gone") for name, value in before.items()]
    right = [_facet(name, value, "" if name in same else "new") for name, value in after.items()]
    return (
        '<h2>Contract</h2>\n<div class="sides">\n'
        f'<div class="side"><h3>Before</h3>{"".join(left)}</div>\n'
        f'<div class="side"><h3>Now</h3>{"".join(right)}</div>\n</div>'
    )


def _facets(facets: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in facets.items()}


def _facet(name: str, value: str, mark: str) -> str:
    return f'<div><code>{escape(name)}: <span class="{mark}">{escape(value)}</span></code></div>'


def _repair(view: DriftView) -> str:
    parts = [f"<pre>{escape(view.repair)}</pre>"] if view.repair else []
    for rename in view.renames:
        likely = f"{rename.path} ({rename.likeness:.0%} alike)"
        parts.append(f"<p>Candidate: <code>{escape(likely)}</code></p>")
    if view.command:
        parts.append(f"<p>Once a person has looked:</p><pre>{escape(view.command)}</pre>")
    return "".join(parts) or "<p>Nothing.</p>"


def _impact(view: DriftView) -> list[tuple[str, str]]:
    of_platform = view.whose == "platform"
    whose = "the platform's: seen at three connections or more" if of_platform else "this account's own"
    return [
        ("Mapped as", _listed(view.mappings) or "nothing that is synced"),
        ("Flows", _listed(view.flows)),
        ("Customers", _listed(view.customers)),
        ("Whose drift", whose),
        ("Also open at", _listed(view.others)),
        ("Held", _listed([held.scope for held in view.holds])),
        ("Records waiting", str(view.waiting) if view.waiting else ""),
        ("The first of them since", _at(view.oldest)),
    ]


def _evidence(view: DriftView) -> list[tuple[str, str]]:
    return [
        ("Records that show it", f"{view.hits} of {view.seen_now}"),
        ("Known from before", f"{view.seen_before} distinct records"),
        ("Chance that nothing changed", f"{view.distance:.1e}" if view.distance else "none"),
        ("First seen", _at(view.first_seen)),
        ("Last seen", _at(view.last_seen)),
        ("Records to look at (keys)", _listed(view.samples)),
        ("Fingerprint", view.fingerprint),
    ]


def _table(rows: Sequence[tuple[str, str]]) -> str:
    shown = [f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows if text]
    return f"<table>{''.join(shown)}</table>"


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _at(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else ""
