"""The noise report: what talks most, what nobody acts on, whose nights it takes, and what could be changed about it.

`rows` reads, `figures` and `nights` count, `kinds`, `hours`, `flaps` and `pairs` look for what could be changed, `drafts` writes it down as
the request that would make it, `weighing` says what that would have meant for the past, and `making` keeps the reports. Nothing is ever
proposed about alerts on which lives depend, about a P1, or about Sentinel's own troubles, and nothing is changed by itself.
"""
