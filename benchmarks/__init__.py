"""What syncd costs on top of the requests themselves: ratios against a bare loop, in one run.

``python -m benchmarks`` (or ``make bench``). What each measure is: ``README.md``.
"""
