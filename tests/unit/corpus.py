"""Real payloads of GitHub, where they lie beside the repository: others' own, they stay there."""

import json
from pathlib import Path
from typing import Any

GITHUB = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "github"
VECTORS = GITHUB / "vectors" / "vectors.json"


def vectors() -> list[dict[str, Any]]:
    """Return the published signatures; none where the corpus is missing."""
    return json.loads(VECTORS.read_text(encoding="utf-8")) if VECTORS.exists() else []


def payloads() -> list[Path]:
    """Return every payload, the event's name first in its file's name."""
    return [
        path for folder in ("payloads", "derived") for path in sorted((GITHUB / folder).glob("*"))
    ]
