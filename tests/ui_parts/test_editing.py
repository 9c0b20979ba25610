"""A person's own editor, and everything it can do to its file; files to attach; lists of words."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui_parts.hostile import HOSTILE
from tuimail.errors import UsageError
from tuimail.ui.beside.attaching import pasted_file, path_names
from tuimail.ui.beside.dictionary import find_words, read_words, usual_places
from tuimail.ui.beside.editing import MAX_OCTETS, edit, editor_argv
from tuimail.ui.lines.affixes import Forms, rules_of


def there(name: str) -> str | None:
    """A `which` that knows two editors."""
    return f"/usr/bin/{name}" if name in ("vi", "code") else None


def editor(work: Callable[[Path], int]) -> Callable[[Sequence[str]], int]:
    """A program that does `work` to the file it is given."""
    return lambda argv: work(Path(argv[-1]))


def left_behind(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_visual_comes_before_editor_and_the_configuration_before_both() -> None:
    environ = {"VISUAL": "code --wait", "EDITOR": "vi"}
    assert editor_argv(environ, which=there) == ["code", "--wait"]
    assert editor_argv({"EDITOR": "vi"}, which=there) == ["vi"]
    assert editor_argv(environ, ("vi", "-n"), which=there) == ["vi", "-n"]
    assert editor_argv({}, which=there) == ["vi"]


@pytest.mark.parametrize("wish", ["emacs", "vi 'unclosed", ""])
def test_an_editor_that_is_not_there_is_told(wish: str) -> None:
    if wish:
        with pytest.raises(UsageError):
            editor_argv({"EDITOR": wish}, which=there)
    else:
        with pytest.raises(UsageError):
            editor_argv({}, which=lambda name: None)


def test_the_file_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    seen: list[int] = []

    def work(file: Path) -> int:
        seen.extend(stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent))
        assert file.read_text() == "before\n"
        file.write_text("after\r\n")
        return 0

    before = os.umask(0o000)
    try:
        edited = edit("before\n", ["vi"], tmp_path / "editing", editor(work))
    finally:
        os.umask(before)
    assert seen == [0o600, 0o700]
    assert edited.text == "after\n"
    assert edited.sentence == ""
    assert left_behind(tmp_path) == []


def test_an_editor_that_changes_nothing_changes_nothing(tmp_path: Path) -> None:
    assert edit("same", ["vi"], tmp_path, editor(lambda file: 0)).text is None


def test_an_editor_that_fails_leaves_the_text_and_what_it_wrote(tmp_path: Path) -> None:
    def work(file: Path) -> int:
        file.write_text("half of it")
        return 3

    edited = edit("before", ["vi"], tmp_path, editor(work))
    assert edited.text is None
    assert "exit code 3" in edited.sentence
    (kept,) = left_behind(tmp_path)
    assert str(kept) in edited.sentence
    assert kept.read_text() == "half of it"


def test_an_editor_that_gives_up_without_writing_leaves_nothing(tmp_path: Path) -> None:
    edited = edit("before", ["vi"], tmp_path, editor(lambda file: 1))
    assert edited.text is None
    assert "the text is as it was" in edited.sentence
    assert left_behind(tmp_path) == []


def test_an_editor_that_deletes_its_file_leaves_the_text(tmp_path: Path) -> None:
    def work(file: Path) -> int:
        file.unlink()
        return 0

    edited = edit("before", ["vi"], tmp_path, editor(work))
    assert edited.text is None
    assert edited.sentence == "The editor deleted its file. The text is as it was."


def test_a_file_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not for mail")

    def work(file: Path) -> int:
        file.unlink()
        file.symlink_to(secret)
        return 0

    edited = edit("before", ["vi"], tmp_path / "editing", editor(work))
    assert edited.text is None
    assert "cannot be read" in edited.sentence


def test_a_text_that_is_too_long_stays_in_its_file(tmp_path: Path) -> None:
    def work(file: Path) -> int:
        file.write_bytes(b"x" * (MAX_OCTETS + 1))
        return 0

    edited = edit("before", ["vi"], tmp_path, editor(work))
    assert edited.text is None
    (kept,) = left_behind(tmp_path)
    assert str(kept) in edited.sentence


def test_a_text_in_another_charset_is_read_all_the_same(tmp_path: Path) -> None:
    def work(file: Path) -> int:
        file.write_bytes("Grüße".encode("latin-1"))
        return 0

    assert edit("before", ["vi"], tmp_path, editor(work)).text == "Grüße"


def test_a_real_program_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    edited = edit("before", [str(tmp_path / "no-such-editor")], tmp_path / "editing")
    assert edited.text is None
    assert "did not start" in edited.sentence


def test_a_lone_surrogate_in_the_text_does_not_stop_the_editor(tmp_path: Path) -> None:
    assert edit("caf\udce9", ["vi"], tmp_path, editor(lambda file: 0)).sentence == ""


# --- files to attach -------------------------------------------------------------------


def test_files_and_folders_are_listed_folders_first_and_hidden_ones_on_demand(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    (folder / "z").mkdir(parents=True)
    for name in ("b.txt", "a.txt", ".hidden"):
        (folder / name).write_text("")
    assert path_names(folder, "") == ["z/", "a.txt", "b.txt"]
    assert path_names(folder, "B") == ["b.txt"]
    assert path_names(folder, ".") == [".hidden"]
    assert path_names(folder / "none", "") == []


def test_names_that_cannot_be_shown_are_never_proposed(tmp_path: Path) -> None:
    made = 0
    for name in HOSTILE:
        if name and "/" not in name and name not in ("..",) and len(name.encode("utf-8", "surrogateescape")) < 250:
            (tmp_path / name).write_text("")
            made += 1
    assert made > 10
    assert all(name.isprintable() for name in path_names(tmp_path, ""))


@pytest.mark.parametrize("shape", ["{}", "'{}'", '"{}"', "file://{}", "FILE://localhost{}"])
def test_a_pasted_path_is_found_in_every_shape_a_terminal_pastes_it(tmp_path: Path, shape: str) -> None:
    file = tmp_path / "report.pdf"
    file.write_text("x")
    assert pasted_file(shape.format(file), {}) == file


def test_a_pasted_path_with_escaped_spaces_is_found(tmp_path: Path) -> None:
    file = tmp_path / "my report.pdf"
    file.write_text("x")
    assert pasted_file(str(file).replace(" ", "\\ "), {}) == file
    assert pasted_file("~/my report.pdf", {"HOME": str(tmp_path)}) == file
    assert pasted_file(f"file://{str(file).replace(' ', '%20')}", {}) == file


@pytest.mark.parametrize("pasted", ["", "hello", "/", "/no/such", "file://evil.example/etc/passwd", "/a\0b", "a\nb"])
def test_what_is_no_file_is_text(pasted: str) -> None:
    assert pasted_file(pasted, {"HOME": "/"}) is None


# --- words -----------------------------------------------------------------------------


AFFIXES = (
    "SET ISO8859-1\n\nPFX U Y 1\nPFX U   0     un         .\nPFX A N 1\nPFX A 0 re .\n"
    "SFX D Y 3\nSFX D   0     d          e\nSFX D   y     ied        [^aeiou]y\nSFX D   0     ed         [^ey] # odd\n"
    "SFX G Y 2\nSFX G   e     ing        e\nSFX G   0     ing        [^e]\nSFX V N 1\nSFX V e ive/D e\n"
)


def dictionary(folder: Path, affixes: str = AFFIXES) -> Collection[str]:
    (folder / "en.aff").write_bytes(affixes.encode("latin-1"))
    (folder / "en.dic").write_bytes("5\nTry/DGU\nmake/GA po:verb\nrelate/VU\nGrüße\n\n9th/D\n".encode("latin-1"))
    return read_words(folder / "en.dic")


def test_the_forms_of_a_stem_are_words_and_what_only_looks_like_one_is_none(tmp_path: Path) -> None:
    words = dictionary(tmp_path)
    for word in ("try", "tried", "trying", "untried", "untry", "make", "making", "remake", "relative", "grüße"):
        assert word in words, word
    for word in ("tryed", "trys", "makeing", "maked", "unmake", "remaking", "unrelative", "un", "ing", "", "po", "9th"):
        assert word not in words, word
    assert len(words) == 4


def test_without_rules_that_are_known_the_stems_are_the_words(tmp_path: Path) -> None:
    words = dictionary(tmp_path, f"FLAG long\n{AFFIXES}")
    assert "try" in words
    assert "trying" not in words
    assert "grüße" in words


def test_a_plain_list_is_its_words(tmp_path: Path) -> None:
    place = tmp_path / "words"
    place.write_text("Hello\nworld\n\nGrüße\n")
    assert read_words(place) == {"hello", "world", "grüße"}


@given(st.text("PSFX YN0123\n\t[]^.-\\/ab", max_size=300), st.text("ab[]-", max_size=8))
def test_no_rules_and_no_word_break_it(affixes: str, word: str) -> None:
    assert (word in Forms({"ab": "ab01"}, rules_of(f"SFX a Y 1\nSFX a b {affixes}"))) in (True, False)


def test_spelling_can_be_turned_off_and_a_short_list_is_none(tmp_path: Path) -> None:
    short, long = tmp_path / "short", tmp_path / "long"
    short.write_text("one\ntwo\n")
    long.write_text("\n".join("".join(chr(97 + n // 26**at % 26) for at in range(3)) for n in range(2000)))
    assert find_words("off", {}) == frozenset()
    assert find_words(str(short), {}) == frozenset()
    assert len(find_words(str(long), {})) == 2000
    assert find_words(str(tmp_path / "none"), {}) == frozenset()


def test_stems_are_only_taken_where_their_endings_are_known() -> None:
    assert any(place.suffix == ".dic" for place in usual_places({"LANG": "en_GB.UTF-8"}))
    assert not any(place.suffix == ".dic" for place in usual_places({"LANG": "de_DE.UTF-8"}))
