"""One flow's policy: the entity's defaults, laid over with what the file says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from syncd.config.models import FieldConfig, FlowConfig, Posting
from syncd.core import policy
from syncd.core.model import Side
from syncd.core.policy import Acknowledge, Deletes, FieldPolicy, FlowPolicy, Kind, Limits, Mode
from syncd.entities import ENTITIES
from syncd.entities.entity import CUSTOM


def effective_mode(entity: str, config: FlowConfig) -> Mode:
    """The mode, where the file is silent the entity's own."""
    return config.mode or ENTITIES[entity].mode


def policy_of(entity: str, config: FlowConfig, custom: Iterable[str] = ()) -> FlowPolicy:
    """``config`` over the defaults of ``entity``; ``custom``: names of fields both sides define."""
    kind = ENTITIES[entity]
    mode = effective_mode(entity, config)
    wanted = tuple(Side) if config.create is None else config.create
    own = tuple(FieldPolicy(CUSTOM + name) for name in custom)
    # who says what posting is says what may be edited until then, if anything
    posts_at_once = kind.posts and config.posting is None
    return FlowPolicy(
        entity=entity,
        mode=mode,
        fields=_fields(kind.policies() + own, config.fields, ""),
        create=frozenset(side for side in wanted if mode.writes(side)),
        match=kind.match,
        select=_values(config.select or {}),
        create_only=posts_at_once if config.create_only is None else config.create_only,
        post_existing=config.post_existing,
        posting=None if config.posting is None else _posting(config.posting),
        deletes=config.deletes or Deletes.HOLD,
        edited=config.edited,
        acknowledge=Acknowledge(config.acknowledge.posted, config.acknowledge.rejected),
        skew_margin_s=config.skew_margin,
        limits=Limits(**config.limits.model_dump()),
    )


def _posting(config: Posting) -> policy.Posting:
    return policy.Posting(
        ledger=config.ledger,
        posted=_values(config.posted),
        void=_values(config.void),
        voided=_values(config.voided),
        action=config.action,
        argument=config.argument,
    )


def _values(named: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(values) for name, values in named.items()}


def _fields(
    policies: tuple[FieldPolicy, ...], overrides: dict[str, FieldConfig], above: str
) -> tuple[FieldPolicy, ...]:
    kept = []
    for plain in policies:
        field = plain
        # the group first, then the field itself: the nearer word wins
        for name in (plain.group, above + plain.name):
            override = overrides.get(name)
            if override is not None:
                field = _override(field, override)
                if override.ignore:
                    break
        else:
            if field.lines:
                field = replace(field, lines=_fields(field.lines, overrides, f"{field.name}."))
            kept.append(field)
    return tuple(kept)


def _override(policy: FieldPolicy, override: FieldConfig) -> FieldPolicy:
    changed = policy
    if override.rule is not None:
        changed = replace(changed, rule=override.rule)
    if override.normaliser is not None:
        changed = replace(changed, normaliser=override.normaliser)
    if override.key is not None:
        changed = replace(changed, key=override.key)
    if override.alone:
        changed = replace(changed, group="")
    if override.crosswalk is not None:
        changed = replace(
            changed, kind=Kind.CROSSWALK, target=override.crosswalk, source=override.source or ""
        )
    return changed
