"""Prometheus metrics of a running daemon.

``families`` declares every name, ``series`` holds and writes the many (per link), ``meters`` counts what
happens in this process, ``standing`` turns what was read from the state into gauges, ``exporter`` puts
them together for a scrape.

They stand in the monitor because they watch the engine and never take part: the composition root hands
over the state (``ports.metering``) and lays ``meters`` beside the engine (``ports.watching.Tap``, the end
of a run). Nothing here knows the engine, and no write waits for a metric.
"""
