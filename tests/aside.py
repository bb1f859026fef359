"""The database's work in a test that is a coroutine."""

from sentinel_site.lib.threads import in_thread


async def aside(function, *args, **kwargs):
    """What ``function`` returns, done in a thread that gives its connection back (``asyncio.to_thread`` keeps it for ever)."""
    return await in_thread(function)(*args, **kwargs)
