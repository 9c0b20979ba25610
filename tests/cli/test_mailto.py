"""`tuimail mailto:...`: what is said before the screen opens, and the desktop file that brings links here."""

from __future__ import annotations

import configparser

import pytest

from tests.cli.conftest import CHECKOUT, Home


@pytest.mark.parametrize(
    ("argv", "code", "sentence"),
    [
        (["mailto:" + "x" * 70_000], 2, "This mailto: link is too long."),
        (["list", "mailto:a@x.org"], 2, "takes no command"),
        (["mailto:a@x.org"], 2, "The screen needs a terminal"),
        (["MAILTO:a@x.org?subject=%1b]0;x%07"], 2, "The screen needs a terminal"),
        (["mailtoo:a@x.org"], 2, "There is no command"),
    ],
)
def test_a_link_that_cannot_be_followed_is_told(argv: list[str], code: int, sentence: str, home: Home) -> None:
    done = home.run(*argv)
    assert done.code == code
    assert sentence in done.err
    assert done.octets == b""


def test_the_desktop_file_registers_for_mail_links() -> None:
    file = configparser.ConfigParser(interpolation=None, strict=True)
    file.optionxform = str  # type: ignore[assignment,method-assign]
    file.read(CHECKOUT / "docs" / "tuimail.desktop", encoding="utf-8")
    entry = file["Desktop Entry"]
    assert entry["Type"] == "Application"
    assert entry["Exec"] == "tuimail %u"
    assert entry["Terminal"] == "true"
    assert entry["MimeType"] == "x-scheme-handler/mailto;"
