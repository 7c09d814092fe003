"""How the demo speaks: titles, facts, and records of the trail as lines of a timeline."""

import re
import sys
from typing import Any

MARKS = {"requested": "●", "step": "│", "succeeded": "✓", "failed": "✗"}
SHA = re.compile(r"\b[0-9a-f]{40}\b")


def line(record: dict[str, Any]) -> str:
    """Return a record as a line of the timeline: why it began, what was done, how it ended."""
    text = SHA.sub(lambda match: match[0][:12], record["text"])
    match record["event"]:
        case "requested":
            workflow = text.split(" ")[0]
            return f"{MARKS['requested']} {workflow}, because {record['cause']}"
        case "step" | "succeeded" | "failed":
            step, _, said = text.partition(": ")
            return f"{MARKS[record['event']]} {step:<18}{said}"
        case event:
            return f"{MARKS['step']} {event}: {text}"


def scene(title: str) -> None:
    """Print a scene's title."""
    say(f"\n{title}", bold=True)


def fact(name: str, text: str) -> None:
    """Print something that was seen."""
    say(f"  {name:<12}{text}")


def say(text: str, *, bold: bool = False) -> None:
    """Print a line, in bold where a person looks at a terminal."""
    shown = f"\033[1m{text}\033[0m" if bold and sys.stdout.isatty() else text
    sys.stdout.write(shown + "\n")
    sys.stdout.flush()


def act(number: int, title: str) -> None:
    """Print an act's title."""
    say(f"\n{number}. {title}", bold=True)
