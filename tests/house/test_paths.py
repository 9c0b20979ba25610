"""Where things lie, and what a socket's short path asks for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tuimail.errors import ReadOnly
from tuimail.paths import SOCKET_PATH_OCTETS, Paths


def paths(**environ: str) -> Paths:
    return Paths.from_environment({"HOME": "/home/ada", **environ})


def test_the_xdg_directories_are_honoured_and_relative_ones_ignored() -> None:
    found = paths(XDG_DATA_HOME="/d", XDG_CONFIG_HOME="relative", XDG_STATE_HOME="/s", XDG_RUNTIME_DIR="/run/user/1")
    assert found.data == Path("/d/tuimail")
    assert found.config_file == Path("/home/ada/.config/tuimail/config.toml")
    assert found.state == Path("/s/tuimail")
    assert found.runtime == Path("/run/user/1/tuimail")


@pytest.mark.parametrize("length", range(70, 120))
def test_a_socket_always_fits_its_path(length: int) -> None:
    session = "/" + "r" * (length - 1)
    socket = paths(XDG_RUNTIME_DIR=session).engine_socket
    assert len(os.fsencode(socket)) <= SOCKET_PATH_OCTETS
    fits = length + len("/tuimail") + 22 <= SOCKET_PATH_OCTETS
    assert socket.is_relative_to(session) == fits


def test_directories_are_private_even_when_they_were_not(tmp_path: Path) -> None:
    found = Paths.from_environment({"HOME": str(tmp_path), "XDG_RUNTIME_DIR": "/tmp"}, data_dir=str(tmp_path / "d"))
    found.data.mkdir(mode=0o755)
    found.make()
    assert found.data.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("in the way")
    found = Paths.from_environment({"HOME": str(tmp_path), "XDG_RUNTIME_DIR": "/tmp"}, data_dir=str(tmp_path / "d"))
    with pytest.raises(ReadOnly, match="cannot be made or written"):
        found.make()
