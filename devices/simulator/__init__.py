"""A simulated Rion NL-43: what tests, benches and the demo talk to in place of a meter.

It speaks the meter's own protocol on a real socket, one connection at a time, and counts every command that comes too early.
Nothing here needs a database; it is imported by who starts a meter, and by nobody else.
"""
