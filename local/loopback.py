"""Speaking to another part of the stack: plain HTTP on this machine, so nobody need vouch for it.

httpx reads every authority that the machine trusts for each client it makes, also for one that
never speaks TLS; that takes 30 ms, which is more than most answers.
"""

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
