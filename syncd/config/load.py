"""From files to a ``Site``: names have become what they name, and everything fits together.

All problems are collected and raised together, each with its file, line and path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from syncd.config.document import Document, read
from syncd.config.example import unset
from syncd.config.flows import check_link
from syncd.config.models import (
    ConnectionConfig,
    Crosswalks,
    CrosswalkTable,
    FlowConfig,
    LinkConfig,
    SiteConfig,
)
from syncd.config.policy import policy_of
from syncd.config.problems import BrokenFiles, Problems
from syncd.connectors import registry
from syncd.connectors.registry import Platform
from syncd.core.crossing import Table
from syncd.core.errors import FixInput, Place
from syncd.core.policy import FlowPolicy
from syncd.entities import ENTITIES, user_defined

_CROSSWALKS = TypeAdapter(dict[str, CrosswalkTable])
_EXAMPLE = "`syncd init DIR` writes an example"
_Model = TypeVar("_Model", bound=BaseModel)
_Content = TypeVar("_Content")


@dataclass(frozen=True)
class Connection:
    """One account on one platform, with the platform's own models filled in."""

    name: str
    platform: Platform
    config: ConnectionConfig
    settings: BaseModel
    """An instance of ``platform.settings``."""
    profile: BaseModel | None = None
    """An instance of ``platform.profile``, where the platform wants one."""


@dataclass(frozen=True)
class Link:
    """One customer's link, with its connections and crosswalk tables."""

    name: str
    config: LinkConfig
    left: Connection
    right: Connection
    crosswalks: Crosswalks = field(default_factory=dict)

    @property
    def customer(self) -> str:
        return self.config.customer or self.name

    @property
    def tables(self) -> Mapping[str, Table]:
        """The crosswalk tables as the deciding core uses them."""
        return {name: table.table() for name, table in self.crosswalks.items()}

    def flow(self, entity: str) -> FlowConfig:
        """What the file says of one flow; every default where it says nothing."""
        return self.config.flows[entity] or FlowConfig()

    def policy(self, entity: str) -> FlowPolicy:
        """The policy of one flow. Fields that only one platform carries are still in it: the engine
        leaves those out. ``KeyError`` for a flow that the link does not have."""
        sides = (self.left, self.right)
        custom = set.intersection(*({*side.config.custom.get(entity, {})} for side in sides))
        return policy_of(entity, self.flow(entity), sorted(custom))

    @property
    def flows(self) -> tuple[str, ...]:
        """The entities kept in step, parents first."""
        return tuple(entity for entity in ENTITIES if entity in self.config.flows)


@dataclass(frozen=True)
class Site:
    """A whole site folder, checked."""

    document: Document
    config: SiteConfig
    connections: Mapping[str, Connection]
    links: Mapping[str, Link]

    @property
    def path(self) -> Path:
        return self.document.path

    @property
    def folder(self) -> Path:
        """Where relative paths start, absolute. Secret references resolve against it too."""
        return self.document.path.resolve().parent

    @property
    def state_url(self) -> str:
        """``state.url`` with an absolute file path (``sqlite:////...``); without the password."""
        url = self.config.state.url
        if not url.startswith("sqlite:///") or url == "sqlite:///:memory:":
            return url
        return f"sqlite:///{self.folder / url.removeprefix('sqlite:///')}"

    def place(self, *loc: int | str) -> Place:
        """Where a part of ``syncd.yaml`` stands, for messages about it."""
        return self.document.place(loc)


def load(path: Path) -> Site:
    """Read ``syncd.yaml`` and every file it names. Raises ``FixInput``; secrets stay unread."""
    document = read(path)
    problems = Problems()
    _tell_unset(document, problems)
    config = _site_config(document, problems)
    _define_entities(document, config, problems)
    connections = {}
    for name, settings in config.connections.items():
        connection = _connection(document, name, settings, problems)
        if connection is not None:
            connections[name] = connection
    links = {}
    for name, link_config in config.links.items():
        link = _link(document, config, name, link_config, connections, problems)
        if link is not None:
            links[name] = link
    _check_custom(document, config, problems)
    problems.raise_if_any()
    return Site(document, config, connections, links)


def load_profile(path: Path, platform: Platform) -> BaseModel:
    """Read a site profile. Its own relative paths start at its folder. Raises ``FixInput``."""
    if platform.profile is None:
        raise FixInput(f"{platform.title} takes no profile", place=Place(str(path)), remedy="remove the key")
    document = read(path)
    problems = Problems()
    _tell_unset(document, problems)
    found = _part(document, document.data, platform.profile, (), problems)
    problems.raise_if_any()
    assert found is not None
    return found


def load_crosswalks(path: Path) -> Crosswalks:
    """Read a crosswalk file. Raises ``FixInput``."""
    document = read(path)
    problems = Problems()
    _tell_unset(document, problems)
    problems.raise_if_any()
    try:
        return _CROSSWALKS.validate_python({} if document.data is None else document.data)
    except ValidationError as wrong:
        problems.validation(wrong, document, CrosswalkTable, named=True)
    problems.raise_if_any()
    raise AssertionError("a validation error without an error")


def _site_config(document: Document, problems: Problems) -> SiteConfig:
    if not isinstance(document.data, dict):
        problems.add(document, (), "keys and values expected here", _EXAMPLE)
        problems.raise_if_any()
    try:
        return SiteConfig.model_validate(document.data)
    except ValidationError as wrong:
        problems.validation(wrong, document, SiteConfig)
    problems.raise_if_any()
    raise AssertionError("a validation error without an error")


def _part(
    document: Document, data: Any, model: type[_Model], above: tuple[str, ...], problems: Problems
) -> _Model | None:
    """``data``, which stands at ``above``, as ``model``; None after telling ``problems`` why not."""
    if next(unset(data), None) is not None:
        return None  # told for the whole document
    if not isinstance(data, dict):
        problems.add(document, above, "keys and values expected here", _EXAMPLE)
        return None
    try:
        return model.model_validate(data, context={"folder": document.path.resolve().parent})
    except ValidationError as wrong:
        problems.validation(wrong, document, model, above)
    return None


_MANY = 10
"""So many values that are still to be set are named one by one."""


def _tell_unset(document: Document, problems: Problems) -> None:
    """Where ``SET`` still stands: what belongs there is for a person to say."""
    # by line: what an alias repeats is set once
    found = {document.place(loc).line: loc for loc in reversed(list(unset(document.data)))}
    lines = sorted(found, key=lambda line: line or 0)
    for line in lines[:_MANY]:
        problems.add(document, found[line], "still to be set", "write this site's value in the place of SET")
    if len(lines) > _MANY:
        more = len(lines) - _MANY - 1
        also = f", and {more} more below" if more else ""
        problems.add(document, found[lines[_MANY]], f"still to be set{also}", "search the file for SET")


def _connection(
    document: Document, name: str, config: ConnectionConfig, problems: Problems
) -> Connection | None:
    above = ("connections", name)
    try:
        platform = registry.platform(config.platform)
    except FixInput as wrong:
        problems.add(document, (*above, "platform"), wrong.message, wrong.remedy)
        return None
    settings = _part(document, config.settings, platform.settings, (*above, "settings"), problems)
    if platform.bridged and config.bridge_token is None:
        problems.add(
            document,
            above,
            f"{platform.title} is reached through a bridge, and the key 'bridge_token' is missing",
            "bridge_token: env:NAME, and the same token on the bridge's machine",
        )
    if not platform.bridged and config.bridge_token is not None:
        problems.add(
            document, (*above, "bridge_token"), f"{platform.title} needs no bridge", "remove the key"
        )
    profile = _profile(document, config, platform, above, problems)
    if settings is None or (platform.profile is not None and profile is None):
        return None
    return Connection(name, platform, config, settings, profile)


def _profile(
    document: Document,
    config: ConnectionConfig,
    platform: Platform,
    above: tuple[str, ...],
    problems: Problems,
) -> BaseModel | None:
    if config.profile is None:
        if platform.profile is not None:
            problems.add(
                document,
                above,
                f"{platform.title} needs a site profile: what its public documents do not say",
                f"`syncd init DIR --pair PAIR`, of a pair with {platform.title}, writes one; set what "
                "is marked in it from the installation, then name it here: `profile: profiles/...`",
            )
        return None
    if platform.profile is None:
        problems.add(document, (*above, "profile"), f"{platform.title} takes no profile", "remove the key")
        return None
    return _file(
        lambda path: load_profile(path, platform), document, config.profile, (*above, "profile"), problems
    )


def _link(
    document: Document,
    config: SiteConfig,
    name: str,
    link: LinkConfig,
    connections: Mapping[str, Connection],
    problems: Problems,
) -> Link | None:
    above = ("links", name)
    for side, named in (("left", link.left), ("right", link.right)):
        if named not in config.connections:
            problems.unknown(document, (*above, side), "connection", named, config.connections)
    if link.left == link.right:
        problems.add(
            document, (*above, "right"), "left and right are the same connection", "name the other one"
        )
        return None
    if link.webhooks and config.service.public_url is None:
        problems.add(
            document,
            (*above, "webhooks"),
            "platforms cannot reach this daemon: service.public_url is not set",
            "set service.public_url, or `webhooks: false` (then the schedule alone finds changes)",
        )
    crosswalks: Crosswalks | None = {}
    if link.crosswalks is not None:
        crosswalks = _file(load_crosswalks, document, link.crosswalks, (*above, "crosswalks"), problems)
    left, right = connections.get(link.left), connections.get(link.right)
    if left is None or right is None or crosswalks is None:
        return None  # told already; what hangs off it would only repeat it
    check_link(
        document,
        name,
        link,
        (left.platform, right.platform),
        (left.platform.entities_of(left.settings), right.platform.entities_of(right.settings)),
        (left.config, right.config),
        crosswalks,
        problems,
    )
    return Link(name, link, left, right, crosswalks)


def _file(
    load_one: Callable[[Path], _Content],
    document: Document,
    path: Path,
    loc: tuple[str, ...],
    problems: Problems,
) -> _Content | None:
    """The file that ``loc`` names, relative to the document's folder; None after telling why not."""
    full = document.path.parent / path
    if not full.is_file():
        problems.add(document, loc, f"the file {path} is not there", "paths start at this file's folder")
        return None
    try:
        return load_one(full)
    except BrokenFiles as several:
        problems.found.extend(several.problems)
    except FixInput as wrong:
        problems.found.append(wrong)
    return None


def _define_entities(document: Document, config: SiteConfig, problems: Problems) -> None:
    """From here on the site's own kinds of record stand beside the shipped ones."""
    known = set(user_defined.SHIPPED)
    kinds = []
    for name, own in config.entities.items():
        loc = ("entities", name)
        if name in user_defined.SHIPPED:
            problems.add(document, loc, f"{name} is a kind of record that syncd ships", "choose another name")
            continue
        for part, one in own.fields.items():
            if one.reference and one.reference not in known:
                problems.unknown(document, (*loc, "fields", part), "entity", one.reference, known)
        known.add(name)
        kinds.append(own.kind(name))
    user_defined.use(kinds)


def _check_custom(document: Document, config: SiteConfig, problems: Problems) -> None:
    for name, connection in config.connections.items():
        for entity in connection.custom:
            if entity not in ENTITIES:
                loc = ("connections", name, "custom", entity)
                problems.unknown(document, loc, "entity", entity, ENTITIES)
