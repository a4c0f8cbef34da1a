"""Traces, for sites that collect them: a span a run, with the ids that stand in the log, and no values.

An extra (`pip install syncd[traces]`) that is switched on by OpenTelemetry's own environment
(`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME` ...). Without either, nothing is made and nothing sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from syncd.core.errors import FixInput

_SWITCHES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

Attribute = str | int | float | bool | Sequence[str]


class Tracer(Protocol):
    """What a run needs of one."""

    def start_as_current_span(
        self,
        name: str,
        *,
        attributes: Mapping[str, Any] | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Any: ...


def tracer(environment: Mapping[str, str]) -> Tracer | None:
    """Sends to where the environment says; None where it says nothing. Raises ``FixInput`` if it does and
    the extra is missing."""
    if not any(environment.get(switch) for switch in _SWITCHES):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise FixInput(
            "OpenTelemetry is asked for and not installed",
            remedy="pip install 'syncd[traces]', or unset OTEL_EXPORTER_OTLP_ENDPOINT",
        ) from None
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("syncd")


@contextmanager
def span(by: Tracer | None, name: str, **said: Attribute) -> Iterator[None]:
    """One span around the block, with its failure if it fails by name only."""
    if by is None:
        yield
        return
    attributes = {f"syncd.{key}": value for key, value in said.items()}
    opened = by.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    )
    with opened as started:
        try:
            yield
        except BaseException as error:
            # the message may quote a platform: its kind is enough here
            started.set_attribute("syncd.error", type(error).__name__)
            raise
