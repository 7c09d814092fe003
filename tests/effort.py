"""How hard the tests search: enough at each change, and everything on request.

`TESTS=thorough` kills at both sides of every deed instead of at the moments that differ, lets a
whole night pass, and has hypothesis try ten times as many examples.
"""

import os

IS_THOROUGH = os.environ.get("TESTS") == "thorough"
