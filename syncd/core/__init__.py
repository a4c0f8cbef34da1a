"""The pure core: decides what must happen, from values alone.

Standard library only. Nothing in this package awaits, reads a clock, draws a random
number, logs or does I/O; the architecture test holds it to that.
"""
