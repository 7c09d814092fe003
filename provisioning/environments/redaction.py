"""Log lines of a container as the API may show them: without what looks like a secret."""

import re
from collections.abc import Sequence

HIDDEN = "[hidden]"
_MOST_CHARACTERS = 4000
_PATTERNS = (
    re.compile(r"(?<=://)[^/\s:@]+:[^@\s]+(?=@)"),  # user:password@ in an address
    re.compile(
        r"(?i)((?:password|passwd|pwd|secret|token|api[-_]?key|account[-_]?key|sig)\s*[=:]\s*)"
        r"(\"[^\"]*\"|'[^']*'|[^\s;,&]+)"
    ),
    re.compile(r"(?i)(bearer\s+)([a-z0-9._~+/-]+=*)"),
    re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),  # a JSON web token
    re.compile(r"\bgh[pousr]_[A-Za-z0-9_.-]{20,}"),
    re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
    ),
)


def redact(text: str, known: Sequence[str] = ()) -> str:
    """Return the end of `text` without the secrets that are known and what looks like one."""
    for secret in known:
        if secret:
            text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(_hide, text)
    return text[-_MOST_CHARACTERS:]


def _hide(match: re.Match[str]) -> str:
    return f"{match[1]}{HIDDEN}" if match.re.groups else HIDDEN
