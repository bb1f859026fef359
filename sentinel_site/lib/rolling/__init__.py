"""Roll-ups: what every quarter of an hour, every day and every 30 days was like, counted once and kept when the rows are gone.

An app declares what it counts (`rollup.Rollup`), keeps it up to date from its own work (`keeping`), forgets the quarters of old days
(`thinning`), and answers charts from it:
`asking` is what a chart may ask, `steps` cuts time by somebody's clock, `reading` adds up, `bins` keeps lengths of time so that medians
can be added, `answer` is the form of the answer, as JSON and as CSV.
"""
