"""The way to an on-premises ERP: a small program beside it dials out to the daemon and works for it.

``protocol`` is what both ends speak; ``hub`` and ``channel`` are the daemon's end; ``program``,
``dial``, ``desk``, ``database``, ``mbxml_object`` and ``outbox`` are the customer's end.
"""
