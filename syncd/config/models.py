"""What ``syncd.yaml`` and a crosswalk file may say, field by field.

These are the files as written. ``load.load`` checks what one field alone cannot know and returns a
``load.Site``, in which names have become the things they name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from syncd.config.monitoring import Alerts, Monitor
from syncd.config.values import Name, Seconds, Section, Word, Zone
from syncd.core import policy
from syncd.core.canonical import NORMALISERS
from syncd.core.crossing import Table
from syncd.core.model import Side
from syncd.entities import user_defined
from syncd.entities.entity import Entity
from syncd.secrets.reference import SecretRef

# -- the daemon -----------------------------------------------------------------------------------


class State(Section):
    """Where bases, intents and the journal live."""

    url: str = "sqlite:///state.db"
    """`sqlite:///FILE` (relative to this file's folder) or `postgresql://USER@HOST/DATABASE`, without a
    password."""
    password: SecretRef | None = None
    """The database's password, for PostgreSQL."""
    retention_days: Annotated[int, Field(ge=1)] = 400
    """How long the journal and settled intents are kept. A fiscal year and a month by default."""

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.password:
            raise ValueError("no password in the address: give it as `password: env:NAME`")
        if parts.scheme not in ("sqlite", "postgresql"):
            raise ValueError("sqlite:///FILE or postgresql://USER@HOST/DATABASE expected")
        return url


class Listener(Section):
    """An address to listen on."""

    host: str = "127.0.0.1"
    """Address to listen on. Anything but loopback asks for TLS."""
    port: Annotated[int, Field(ge=0, le=65535)]
    """TCP port; 0 takes a free one."""
    tls_certificate: Path | None = None
    """PEM file with the certificate chain."""
    tls_key: Path | None = None
    """PEM file with the certificate's private key; readable by its owner only."""

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together")
        return self


class Service(Listener):
    """The daemon's own address: webhooks in, control API, health, /metrics."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8321
    """TCP port; 0 takes a free one."""
    public_url: str | None = None
    """How platforms reach this daemon for webhooks, `https://sync.example.com`; a proxy may end TLS."""
    stop_within: Annotated[Seconds, Field(gt=0)] = 20.0
    """When told to stop: how long what is on the wire may take to finish. Nothing more is sent from then
    on; what has no answer by its end is looked up at the next start."""
    control_tokens: dict[Name, SecretRef] = Field(default_factory=dict)
    """Who may use the control API: a name for the audit, and that person's or program's token."""

    @field_validator("public_url")
    @classmethod
    def _an_address(cls, url: str | None) -> str | None:
        if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise ValueError("a web address expected, such as https://sync.example.com")
        return url.rstrip("/") if url else url

    @model_validator(mode="after")
    def _not_open_to_all(self) -> Self:
        if not self.loopback and not self.control_tokens:
            raise ValueError("listening beyond this machine needs control_tokens")
        return self


class Bridge(Listener):
    """Where bridges dial in: the programs beside on-premises ERPs."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8322
    """TCP port; 0 takes a free one."""
    heartbeat: Annotated[Seconds, Field(gt=0)] = 5.0
    """Between pings, both ways; a bridge that went silent is noticed in half as much again."""
    answer_within: Annotated[Seconds, Field(gt=0)] = 120.0
    """How long a submit may take, from the leave to execute, before its outcome is unknown."""

    @model_validator(mode="after")
    def _sealed_on_the_way(self) -> Self:
        if not self.loopback and self.tls_certificate is None:
            raise ValueError("listening beyond this machine needs tls_certificate and tls_key")
        return self


class Metrics(Listener):
    """Where Prometheus scrapes without a token: a port of its own, for this machine alone. On the daemon's
    own port, `/metrics` asks for a token that may read."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8323
    """TCP port; 0 takes a free one."""

    @model_validator(mode="after")
    def _for_this_machine(self) -> Self:
        if not self.loopback:
            raise ValueError("others scrape service.port/metrics, with a token that may read")
        return self


# -- connections ----------------------------------------------------------------------------------


class Settle(Section):
    """How long a write of unknown outcome may still take effect on the platform."""

    seconds: Annotated[float, Field(ge=0)]
    """The longest late execution plus the platform's own indexing lag."""
    provenance: Literal["measured", "assumed"]
    """Whether somebody measured it at this site."""


FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class ConnectionConfig(Section):
    """One account on one platform."""

    platform: str
    """Name of the platform: `syncd platforms` lists them."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The platform's own settings: addresses, login references, options."""
    profile: Path | None = None
    """The site profile: facts that the platform's public documents do not give."""
    settle: Settle | None = None
    """Without it a write of unknown outcome is held for a person instead of looked up and resent."""
    concurrency: Annotated[int, Field(ge=1, le=64)] | None = None
    """Requests under way at once; the platform's own limit by default."""
    custom: dict[str, dict[FieldName, str]] = Field(default_factory=dict)
    """The customer's own fields: entity -> name -> path in the platform's record. The field is called
    `custom.NAME` in flows, and crosses where both connections of a link define it."""
    bridge_token: SecretRef | None = None
    """What the bridge of this connection shows when it dials in; for platforms behind a bridge."""


# -- links and flows ------------------------------------------------------------------------------


class Schedule(Section):
    """When a link runs without being told: an interval or a cron line."""

    every: Annotated[Seconds, Field(gt=0)] | None = None
    """Interval between the starts of two runs."""
    cron: str | None = None
    """Five-field cron line, such as `*/5 * * * *`."""
    timezone: Zone = "UTC"
    """Zone in which the cron line is read."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give either `every` or `cron`")
        if self.cron is not None:
            from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only sites with a cron line pay for it

            try:
                CronSim(self.cron, datetime.now(UTC))
            except CronSimError:
                raise ValueError("not a five-field cron line, such as `*/5 * * * *`") from None
        return self

    def interval_at(self, now: datetime) -> float:
        """Seconds from the start before ``now`` (aware) to the one after it: a line that rests at night has a
        long one then."""
        if self.cron is None:
            return self.every or 0.0
        from cronsim import CronSim  # noqa: PLC0415

        before = next(CronSim(self.cron, now.astimezone(ZoneInfo(self.timezone)), reverse=True))
        return (self.next_after(now) - before).total_seconds()

    def next_after(self, start: datetime) -> datetime:
        """The next start after ``start`` (aware), in ``start``'s own zone.

        Where clocks are moved, cron's own rule holds: what names an hour runs once that day, also if the
        hour is skipped (then at its end) or comes twice; what runs every so often goes on doing so.
        """
        if self.cron is None:
            return start + timedelta(seconds=self.every or 0)
        from cronsim import CronSim  # noqa: PLC0415

        local = start.astimezone(ZoneInfo(self.timezone))
        # in the hour that comes twice, its first answer may lie in the first of the two
        instants = (one.astimezone(UTC) for one in CronSim(self.cron, local))
        return next(one for one in instants if one > start).astimezone(start.tzinfo)


class FieldConfig(Section):
    """One field, or one group of fields, within one flow."""

    rule: policy.Rule | None = None
    """Who wins when both sides changed it; `left` and `right` also name its owner."""
    normaliser: str | None = None
    """What counts as the same on both sides: exact, text, company, phone."""
    ignore: bool = False
    """Leave this field alone on both sides."""
    crosswalk: str | None = None
    """Translate its values through this table of the link's crosswalk file."""
    key: str | None = None
    """For lines: the line field by which both sides know a line; `''`: the lines are one value."""
    alone: bool = False
    """Merge this field by itself and not with its group (lines whose totals neither side writes)."""
    source: str | None = None
    """With `crosswalk`: the field whose code decides, where the other side has none of this name (an
    item decides the GL account)."""

    @field_validator("normaliser")
    @classmethod
    def _known_normaliser(cls, name: str | None) -> str | None:
        if name is not None and name not in NORMALISERS:
            raise ValueError(f"known: {', '.join(NORMALISERS)}")
        return name


Step = tuple[str, str]
"""[action, argument]"""


class Acknowledge(Section):
    """What is told to the source once the other side has answered. Each step is a write of its own."""

    posted: tuple[Step, ...] = ()
    """[action, argument] in order, once it is posted; `{key}` is the other side's key."""
    rejected: tuple[Step, ...] = ()
    """[action, argument] in order, when it is refused; `{reason}` is the refusal in the platform's words."""

    @model_validator(mode="after")
    def _known_places(self) -> Self:
        for part, steps, known in (("posted", self.posted, "{key}"), ("rejected", self.rejected, "{reason}")):
            for action, argument in steps:
                if "{" in argument.replace(known, "") or "}" in argument.replace(known, ""):
                    raise ValueError(f"{part}, {action}: only {known} may stand in braces here")
        return self


_DEFAULTS = policy.Limits()


class Limits(Section):
    """Brakes of one flow. Each stops the flow above its figure, and a person releases it."""

    deletes_count: Annotated[int, Field(ge=0)] = _DEFAULTS.deletes_count
    """Deletions in one run; together with `deletes_share`, both must be exceeded."""
    deletes_share: Annotated[float, Field(ge=0, le=1)] = _DEFAULTS.deletes_share
    """Share of all paired records deleted in one run."""
    changed_share: Annotated[float, Field(ge=0, le=1)] = _DEFAULTS.changed_share
    """Share of all paired records rewritten in one run, first sync aside."""
    changed_floor: Annotated[int, Field(ge=0)] = _DEFAULTS.changed_floor
    """So many rewritten records never trip `changed_share`."""
    policy_changed_share: Annotated[float, Field(ge=0, le=1)] = _DEFAULTS.policy_changed_share
    """Share of all paired records written because map, policy or crosswalk changed; `changed_floor` holds."""
    writes_per_record_hour: Annotated[int, Field(ge=1)] = _DEFAULTS.writes_per_record_hour
    """Writes to one record within an hour; more is a loop."""


class Posting(Section):
    """When a document stops being a draft, and how it ends. From then on the ledger owns it."""

    ledger: Side = Side.RIGHT
    """The side that owns it once it is posted."""
    posted: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Field of the ledger's record -> values that say it is posted; `{}`: as soon as it stands there."""
    void: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Field of the source's record -> values that say it was voided."""
    voided: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Field of the ledger's record -> values that it shows once it is voided there."""
    action: str = ""
    """The ledger's action that voids or reverses it; without one a person does."""
    argument: str = ""
    """Argument of that action."""


class FlowConfig(Section):
    """One entity kept in step. What is left out takes the entity's own default."""

    mode: policy.Mode | None = None
    """Which way it writes: observe, left-to-right, right-to-left, both."""
    create: tuple[Side, ...] | None = None
    """Sides on which a missing record may be created."""
    select: dict[str, tuple[str, ...]] | None = None
    """Field -> values: only such records of the source are created on the other side (the trigger
    status). `{}` selects every record."""
    create_only: bool | None = None
    """Posted documents: created once, never edited on the other side afterwards."""
    post_existing: bool = False
    """Whether records that met `select` before the first sync are created too."""
    posting: Posting | None = None
    """Documents that both sides may edit until they are posted, and that end by a void. It takes the place of
    `create_only`: a document that is posted as soon as it stands in the ledger is created once, too."""
    deletes: policy.Deletes | None = None
    """What a proven removal on one side means for the other: hold, archive, propagate."""
    edited: policy.EditedMeanwhile = policy.EditedMeanwhile.EDIT_WINS
    """A record that one side removed and the other edited: edit-wins, removal-wins, hold."""
    fields: dict[str, FieldConfig] = Field(default_factory=dict)
    """Field, group of fields (`address`) or line field (`lines.account`) -> what differs from the default."""
    acknowledge: Acknowledge = Acknowledge()
    """What is told to the source once the other side has answered."""
    skew_margin: Seconds = 300.0
    """For the rule `newest`: closer times than this are no evidence."""
    limits: Limits = Limits()
    """Brakes."""


class BudgetConfig(Section):
    """What a link may write within an hour. Above it everything of the link is held until a person
    releases it, which gives it one more budget."""

    writes_per_hour: Annotated[int, Field(ge=1)] | None = None
    """Writes of every kind, acknowledgements included; the first sync counts too."""
    amount_per_hour: Annotated[Decimal, Field(gt=0)] | None = None
    """Money in the documents created or changed, in the ledger's currency, credits without their sign."""


class LinkConfig(Section):
    """One customer's flows between two connections."""

    customer: str = ""
    """The customer's name for people; the link's name where it is empty."""
    left: str
    """Name of a connection; by convention the field-service side."""
    right: str
    """Name of a connection; by convention the accounting side."""
    crosswalks: Path | None = None
    """File with the link's tables of values."""
    schedule: Schedule = Schedule(every=60.0)
    """When it runs without being told."""
    reconcile: Schedule | None = Schedule(cron="0 2 * * *")
    """When both sides are read in full and compared, to the cent (`syncd reconcile`); null: never."""
    webhooks: bool = False
    """Whether platforms that can are asked to announce changes; needs `service.public_url`."""
    budget: BudgetConfig = BudgetConfig()
    """What it may write within an hour."""
    flows: Annotated[dict[str, FlowConfig | None], Field(min_length=1)]
    """Entity -> its flow; an empty one takes every default."""


class OwnField(Section):
    """One field of a kind of record that the site defines."""

    type: user_defined.ValueType = "text"
    """What it holds: text, money, number, integer, flag, day, time."""
    reference: str = ""
    """The kind of record that it refers to: it then holds that record's key."""
    crosswalk: str = ""
    """The table of the link through which its codes cross."""
    normaliser: Literal["exact", "text", "company", "phone"] = "exact"
    """What counts as the same on both sides."""
    group: str = ""
    """Fields of one group merge as one."""
    required: bool = False
    """A record cannot be created on the other side while this is empty."""
    local: bool = False
    """It belongs to its side and is never compared (a workflow status)."""


class OwnEntity(Section):
    """A kind of record that the site defines for itself."""

    fields: Annotated[dict[Word, OwnField], Field(min_length=1)]
    """Its fields, by the names that flows and connections use."""
    match: tuple[tuple[str, ...], ...] = ()
    """Natural keys in order of trust, as lists of field names."""
    label: tuple[str, ...] = ()
    """Fields by which a person knows a record, best first."""
    mode: policy.Mode = policy.Mode.OBSERVE
    """What a flow of it does where nothing is said."""
    posts: bool = False
    """Created once, never edited on the other side."""

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        named = {name for names in (*self.match, self.label) for name in names}
        if unknown := sorted(named - self.fields.keys()):
            raise ValueError(f"`match` and `label` name fields that are not there: {', '.join(unknown)}")
        return self

    def kind(self, name: str) -> type[Entity]:
        """The kind of record as the shipped ones are."""
        fields = {field: user_defined.Defined(**dict(one)) for field, one in self.fields.items()}
        return user_defined.defined(name, fields, self.match, self.label, self.mode, posts=self.posts)


class SiteConfig(Section):
    """The whole of ``syncd.yaml``."""

    master_key: SecretRef
    """The key that seals customers' data and rotating tokens at rest. Losing it loses the state."""
    state: State = State()
    """Where the state lives."""
    service: Service = Service()
    """The daemon's own address."""
    bridge: Bridge = Bridge()
    """Where bridges dial in."""
    entities: dict[Word, OwnEntity] = Field(default_factory=dict)
    """Kinds of record of the site's own, beside the shipped ones; parents first."""
    metrics: Metrics | None = None
    """A port for Prometheus; without it `/metrics` stands on the daemon's own port, behind a token."""
    monitor: Monitor = Monitor()
    """Whether and how the platforms' answers are watched."""
    alerts: Alerts = Alerts()
    """Who is told when something is wrong."""
    connections: dict[Name, ConnectionConfig]
    """Accounts on platforms, by a name of your choice."""
    links: dict[Name, LinkConfig] = Field(default_factory=dict)
    """Customers' links, by a name of your choice. Without any, connections can still be watched."""


# -- crosswalks -----------------------------------------------------------------------------------


class CodePair(Section):
    """Two codes that mean the same."""

    left: str
    """The left side's code, in quotes."""
    right: str
    """The right side's code, in quotes."""


class CrosswalkTable(Section):
    """One table of values. Where several pairs fit, the first listed wins."""

    default_left: str | None = None
    """The left code for anything not listed, empty values included."""
    default_right: str | None = None
    """The right code for anything not listed, empty values included."""
    pairs: tuple[CodePair, ...] = ()
    """Codes that mean the same, in order."""

    def table(self) -> Table:
        """As the deciding core uses it."""
        rows = tuple((pair.left, pair.right) for pair in self.pairs)
        return Table.of(rows, self.default_left, self.default_right)


Crosswalks = Mapping[str, CrosswalkTable]
"""A crosswalk file: table name (tax, gl_account, item, terms, cost_code, department ...) -> table."""
