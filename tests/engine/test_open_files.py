"""An engine may have as many files open as a download of large batches needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tuimail.engine.process import OPEN_FILES


@pytest.mark.parametrize(
    ("soft", "hard", "then"),
    [
        (256, OPEN_FILES * 4, OPEN_FILES), (256, OPEN_FILES - 1, OPEN_FILES - 1), (OPEN_FILES, OPEN_FILES, OPEN_FILES),
        (OPEN_FILES * 2, OPEN_FILES * 4, OPEN_FILES * 2),
    ],
)  # fmt: skip
def test_the_limit_is_raised_as_far_as_it_may_be_and_never_lowered(soft: int, hard: int, then: int) -> None:
    script = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "from tuimail.engine.process import _allow_files; _allow_files()\n"
        "print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(then), str(hard)]
