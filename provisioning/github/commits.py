"""How a commit is named."""

from typing import Any


def is_sha(text: Any) -> bool:
    """Say whether `text` is a commit's full name: 40 or 64 hexadecimal digits."""
    return (
        isinstance(text, str)
        and len(text) in (40, 64)
        and all(c in "0123456789abcdef" for c in text)
    )
