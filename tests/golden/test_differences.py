"""The page that tells where the simulated Azure differs is made from the list that is counted."""

import os
from pathlib import Path

from local.agreement import differences

PAGE = Path(__file__).parents[2] / "docs" / "differs-from-azure.md"


def test_the_page_tells_what_the_list_says() -> None:
    if os.environ.get("UPDATE_GOLDEN") == "1":
        PAGE.write_text(differences.page(), encoding="utf-8")

    assert PAGE.read_text(encoding="utf-8") == differences.page(), "make golden, and read the diff"


def test_each_difference_has_its_reason() -> None:
    for one in differences.listed():
        assert one.what
        assert not one.what.endswith(".")
        assert len(one.why) > len(one.what)
