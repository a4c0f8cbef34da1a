"""Alerts: one table of rules, told two ways.

``expressions`` is the small language rules are written in: each part knows its PromQL and how it is
reckoned from samples in this process. ``rules`` is the table. ``prometheus`` writes the rule files from
it, ``watch`` looks at the same table inside the daemon, for sites that have no Prometheus.
"""
