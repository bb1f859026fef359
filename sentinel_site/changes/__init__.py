"""The history of configuration: what changed, who did it, when, and from where."""
