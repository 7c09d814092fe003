"""The simulator agrees with recordings of the real Azure."""

import pytest

from .replay import CORPUS, Outcome, play

FOLDERS = {
    "containerinstance": ("*", 0.8),
    "resources": ("[rst][gau][-gb]*", 0.85),
    "managedidentity": ("*", 0.9),
    "locks": ("*", 0.99),
    "postgresflex": ("*", 0.6),
    "sql": ("*", 0.75),
    "storage": ("*", 0.8),
    "trafficmanager": ("*", 0.85),
    "applicationgateway": ("*", 0.8),
    "monitor": ("component*", 0.99),
    "network": ("[sv][un]*", 0.7),
    "loganalytics": ("workspace-*", 0.99),
}


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the recordings are not at {CORPUS}")
@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_recorded_operations_go_as_recorded(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pattern, least = FOLDERS[folder]

    found = [play(path) for path in sorted((CORPUS / folder).glob(f"{pattern}.json"))]

    played = [outcome for outcome in found if outcome is not None]
    share = sum(outcome.whole for outcome in played) / len(played)
    with capsys.disabled():
        print(f"\n{folder}: {share:.0%} of {len(played)} recorded operations agree")
    assert share >= least, _told(played)


def _told(played: list[Outcome]) -> str:
    return "\n".join(f"{o.name}: {fault}" for o in played for fault in o.faults)
