"""S10: connections that say nothing do not shut out those that report."""

import subprocess
import sys

LOOK = """
import resource
from sentinel_site import server
resource.setrlimit(resource.RLIMIT_NOFILE, (256, min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
server.take_all_files()
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
"""


def test_the_server_takes_as_many_connections_as_the_machine_lets_it():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.strip() == "True"
