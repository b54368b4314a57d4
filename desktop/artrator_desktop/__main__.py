"""`python -m artrator_desktop`."""

import sys

from artrator_desktop.app import main

if __name__ == "__main__":
    sys.exit(main())
