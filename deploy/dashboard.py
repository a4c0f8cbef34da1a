"""The Grafana dashboard, built with Grafana's own library from ``panels``."""

from __future__ import annotations

import json
from itertools import count
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import BigValueColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.panels import ROWS, Panel, Query, Shape
from monitor.metrics import families as f

UID: Final = "syncd"
_SOURCE: Final = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
_HEIGHT: Final = {Shape.STAT: 4, Shape.LINES: 7, Shape.TABLE: 7}
_REFS: Final = "ABCDEFGH"


def document() -> str:
    """The dashboard as the JSON that Grafana imports."""
    made = (
        dashboard.Dashboard("syncd")
        .uid(UID)
        .description("Is anything late or wrong, which records and since when, and what is held.")
        .tags(["syncd"])
        .timezone("browser")
        .readonly()
        .refresh("30s")
        .time("now-6h", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .variables(_variables())
        .annotation(_annotation("Brakes", f"{f.GUARD_TRIPPED.full} > 0", "red"))
        .annotation(_annotation("Holds", f"{f.LINK_PAUSED.full} == 1", "orange"))
        .annotation(_annotation("Configuration", f"changes({f.CONFIG_AT.full}[2m]) > 0", "blue"))
    )
    numbers = count(1)
    for title, panels in ROWS:
        made = made.with_row(dashboard.Row(title).id(next(numbers)))
        for one in panels:
            made = made.with_panel(_panel(one).id(next(numbers)))
    return json.dumps(made.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _variables() -> list[Any]:
    return [
        dashboard.DatasourceVariable("datasource").label("Source").type("prometheus"),
        _variable("job", f.BUILD_INFO.full),
        _variable("instance", f'{f.BUILD_INFO.full}{{job=~"$job"}}'),
        _variable("link", f'{f.LINK_INFO.full}{{job=~"$job"}}'),
        _variable("flow", f'{f.RECORDS_WRITTEN.full}{{job=~"$job", link=~"$link"}}'),
        _variable("connection", f'{f.CONNECTION_INFO.full}{{job=~"$job"}}'),
    ]


def _variable(name: str, series: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(name.capitalize())
        .datasource(_SOURCE)
        .query(f"label_values({series}, {name})")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(model.VariableOption(selected=True, text="All", value="$__all"))
    )


def _annotation(name: str, expression: str, colour: str) -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(_SOURCE)
        .enable(True)
        .icon_color(colour)
        .expr(expression)
    )


def _panel(one: Panel) -> Any:
    made = (
        _KINDS[one.shape]()
        .title(one.title)
        .description(one.text)
        .datasource(_SOURCE)
        .unit(one.unit)
        .height(_HEIGHT[one.shape])
        .span(one.width)
    )
    if one.shape is Shape.STAT:
        # nothing to show is neither good nor bad: it is shown as what it is
        made = made.no_value("no data").color_mode(BigValueColorMode.BACKGROUND).thresholds(_thresholds(one))
    for ref, query in zip(_REFS, one.queries, strict=False):
        made = made.with_target(_target(ref, query, one))
    return made


_KINDS: Final[dict[Shape, type[Any]]] = {
    Shape.STAT: stat.Panel,
    Shape.LINES: timeseries.Panel,
    Shape.TABLE: table.Panel,
}


def _thresholds(one: Panel) -> dashboard.ThresholdsConfig:
    steps = [model.Threshold(value=None, color="green"), model.Threshold(value=one.worse, color="red")]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def _target(ref: str, query: Query, one: Panel) -> prometheus.Dataquery:
    made = prometheus.Dataquery().ref_id(ref).expr(query.text).legend_format(query.legend)
    if one.shape is Shape.LINES:
        return made.range()
    made = made.instant()
    return made.format(PromQueryFormat.TABLE) if one.shape is Shape.TABLE else made
