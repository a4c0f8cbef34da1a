"""Whether a link's flows make sense: entities, fields, groups, rules, tables and sides that exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from syncd.config.document import Document
from syncd.config.models import ConnectionConfig, Crosswalks, FlowConfig, LinkConfig
from syncd.config.policy import effective_mode, policy_of
from syncd.config.problems import Problems
from syncd.connectors.registry import Platform
from syncd.core.policy import FieldPolicy, Kind, Mode
from syncd.entities import ENTITIES
from syncd.entities.entity import CUSTOM

Loc = tuple[int | str, ...]


def check_link(
    document: Document,
    name: str,
    link: LinkConfig,
    platforms: tuple[Platform, Platform],
    offered: tuple[Collection[str], Collection[str]],
    connections: tuple[ConnectionConfig, ConnectionConfig],
    crosswalks: Crosswalks,
    problems: Problems,
) -> None:
    """Tell ``problems`` of every flow of the link that cannot work. ``platforms`` and the kinds of record
    that each connection has (``offered``): (left, right)."""
    for entity, config in link.flows.items():
        loc: Loc = ("links", name, "flows", entity)
        if entity not in ENTITIES:
            problems.unknown(document, loc, "entity", entity, ENTITIES)
            continue
        for platform, entities in zip(platforms, offered, strict=True):
            observing = effective_mode(entity, config or FlowConfig()) is Mode.OBSERVE
            if entity not in entities and not observing:
                problems.add(
                    document,
                    loc,
                    f"{platform.title} has no {entity}",
                    f"it has: {', '.join(entities)}",
                )
        check = _FlowCheck(document, loc, entity, config or FlowConfig(), problems)
        check.sides()
        check.selection()
        check.posting()
        check.fields(_custom(entity, connections), crosswalks)


def _custom(entity: str, connections: Iterable[ConnectionConfig]) -> set[str]:
    """The customer's own fields that both connections define."""
    each = [{CUSTOM + name for name in c.custom.get(entity, {})} for c in connections]
    return set.intersection(*each)


class _FlowCheck:
    """The checks of one flow; each tells what it finds, with its place."""

    def __init__(
        self, document: Document, loc: Loc, entity: str, config: FlowConfig, problems: Problems
    ) -> None:
        self.document, self.loc, self.config, self.problems = document, loc, config, problems
        self.kind = ENTITIES[entity]

    def sides(self) -> None:
        mode = effective_mode(self.kind.entity, self.config)
        for at, side in enumerate(self.config.create or ()):
            if not mode.writes(side):
                self._add(
                    ("create", at),
                    f"the mode {mode.value} never writes to the {side.value}",
                    "change `mode` or `create`",
                )

    def selection(self) -> None:
        config, kind = self.config, self.kind
        for name in config.select or {}:
            if name not in kind.model_fields:
                self.problems.unknown(
                    self.document,
                    (*self.loc, "select", name),
                    f"{kind.entity} field",
                    name,
                    kind.model_fields,
                )
        policy = policy_of(kind.entity, config)
        posts = policy.create_only or policy.posting is not None
        if posts and policy.create and config.select is None and policy.mode is not Mode.OBSERVE:
            self._add(
                (),
                f"which {kind.entity} records are ready to be posted is not said",
                "select: {status: [pending_accounting]}, or `select: {}` for every one of them",
            )

    def fields(self, custom: set[str], crosswalks: Crosswalks) -> None:
        known = _field_names(self.kind.policies()) | custom
        for name, field in self.config.fields.items():
            loc = (*self.loc, "fields", name)
            if name not in known:
                self.problems.unknown(self.document, loc, f"{self.kind.entity} field", name, known)
                if name.startswith(CUSTOM):
                    self.problems.found[-1].remedy = "both connections must define it under `custom`"
                continue
            if field.crosswalk is not None and field.crosswalk not in crosswalks:
                self.problems.unknown(
                    self.document, (*loc, "crosswalk"), "crosswalk table", field.crosswalk, crosswalks
                )
            if field.key and f"{name}.{field.key}" not in known:
                self.problems.unknown(
                    self.document, (*loc, "key"), "line field", field.key, self._line_fields(name)
                )
        self._groups()

    def _line_fields(self, name: str) -> set[str]:
        return {line.name for f in self.kind.policies() if f.name == name for line in f.lines}

    def posting(self) -> None:
        """A document's end: fields that exist, and one idea of when it is posted."""
        config = self.config.posting
        if config is None:
            return
        for part in ("posted", "void", "voided"):
            for name in getattr(config, part):
                if name not in self.kind.model_fields:
                    loc = (*self.loc, "posting", part, name)
                    self.problems.unknown(
                        self.document, loc, f"{self.kind.entity} field", name, self.kind.model_fields
                    )
        if policy_of(self.kind.entity, self.config).create_only:
            self._add(
                ("posting",),
                f"{self.kind.entity} is create_only: it is posted as soon as it is created, and never edited",
                "leave `create_only` out: without `posted`, `posting` says the same",
            )

    def _groups(self) -> None:
        """Fields of a group merge as one, so they cannot have rules of their own."""
        rules: dict[str, set[str]] = {}
        for field in policy_of(self.kind.entity, self.config).fields:
            if field.group:
                rules.setdefault(field.group, set()).add(field.rule.value)
        for group, several in rules.items():
            if len(several) > 1:
                told = ", ".join(sorted(several))
                self._add(
                    ("fields",),
                    f"the fields of {group!r} merge as one and have several rules: {told}",
                    f"give the rule to the group: fields: {{{group}: {{rule: ...}}}}",
                )

    def _add(self, below: Loc, message: str, remedy: str) -> None:
        self.problems.add(self.document, (*self.loc, *below), message, remedy)


def _field_names(policies: Iterable[FieldPolicy]) -> set[str]:
    """Fields, groups, and line fields as ``lines.account``."""
    names = set()
    for policy in policies:
        names |= {policy.name, policy.group} - {""}
        if policy.kind is Kind.LINES:
            names |= {f"{policy.name}.{line.name}" for line in policy.lines}
    return names
