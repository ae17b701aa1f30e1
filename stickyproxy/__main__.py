"""`python -m stickyproxy`."""

import sys

from stickyproxy.command.main import main

if __name__ == "__main__":
    sys.exit(main())
