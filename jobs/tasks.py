"""What the worker does for `jobs`. Each task reads the clock and makes one idempotent call; it may run twice, or be lost."""


def run(run_id: str) -> None:
    """Start one run, unless somebody has taken it."""
