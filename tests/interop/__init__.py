"""Other people's programs, unchanged, against the real web server. Skipped, with the reason, where a program is not on the machine."""
