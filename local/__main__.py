"""`python -m local up`: see `local/up.py`."""

import sys

from local.up import main

sys.exit(main(sys.argv[1:]))
