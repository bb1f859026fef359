"""Run a program that ends when the one who started it ends, however that ended: `python leash.py <starter's pid> <program> ...`.

It becomes the program, so its pid is the program's. Linux only knows how; elsewhere the program simply runs.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGTERM at the starter's death, and become the program."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(sys.argv[1]):  # it died before we asked
            sys.exit(1)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main()
