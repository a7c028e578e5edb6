"""`python -m smtpipe`."""

import sys

from smtpipe.cli import main

if __name__ == "__main__":
    sys.exit(main())
