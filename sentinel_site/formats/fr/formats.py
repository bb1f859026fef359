"""Instants to the second and by 24 hours: whoever compares them must not guess."""

DATETIME_FORMAT = "Y-m-d H:i:s"
DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i"
