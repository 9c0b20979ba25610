"""`themes`, `keys`, `completions`: what tuimail knows of itself."""

from __future__ import annotations

from tuimail import config
from tuimail.cli.cli import Cli
from tuimail.cli.output import Cell, Column
from tuimail.cli.parser import build
from tuimail.errors import ConfigError
from tuimail.ui.key_help import help_groups
from tuimail.ui.keymaps import keymap_for
from tuimail.ui.looks.theme_files import find_themes, own_themes_dir


def themes(cli: Cli) -> int:
    """Print the themes."""
    chosen = _ui(cli).theme
    found = find_themes(own_themes_dir(cli.paths.config_dir))
    if cli.out.as_json:
        cli.out.json([
            {"name": name, "about": theme.about, "dark": theme.dark, "own": theme.own, "file": str(theme.file),
             "in_use": name == chosen}
            for name, theme in found.themes.items()
        ])  # fmt: skip
    else:
        rows = [
            (Cell("*" if name == chosen else "", "good"), Cell(name, "bold" if name == chosen else ""),
             "dark" if theme.dark else "light", "your own" if theme.own else "", theme.about)
            for name, theme in found.themes.items()
        ]  # fmt: skip
        columns = [Column(""), Column("THEME"), Column(""), Column(""), Column("", flexible=True)]
        cli.out.table(columns, rows)
    for sentence in found.failed:
        cli.out.note(sentence)
    if chosen not in found.themes:
        cli.out.note(f"The configuration names the theme {chosen}, which is not there.")
    return 0


def keys(cli: Cli) -> int:
    """Print the actions and their keys."""
    result = keymap_for(_ui(cli))
    groups = help_groups(result.keymap)
    if cli.out.as_json:
        cli.out.json([
            {"id": row.spec.id, "keys": list(row.keys), "description": row.spec.description, "help": row.spec.help,
             "where": row.spec.where}
            for group in groups for row in group.rows
        ])  # fmt: skip
    else:
        columns = [Column("KEYS"), Column("ACTION"), Column("WHAT IT DOES", flexible=True)]
        rows = [
            (" ".join(row.keys), Cell(row.spec.id, "dim"), row.spec.help) for group in groups for row in group.rows
        ]
        cli.out.table(columns, rows)
    for sentence in result.mistakes:
        cli.out.note(sentence)
    return 0


def completions(cli: Cli) -> int:
    """Print the completion script of a shell."""
    import shtab  # deferred: 20 ms, for this command alone

    cli.out.stdout.write(shtab.complete(build(briefly=True), cli.options.shell).rstrip("\n") + "\n")
    return 0


def _ui(cli: Cli) -> config.UiConfig:
    """What the configuration says of the screen; the defaults while it has mistakes, which are told."""
    try:
        return cli.config.ui
    except ConfigError as exc:
        cli.out.note(f"{exc.sentence} The defaults are shown; `tuimail doctor` names what is wrong.")
        return config.UiConfig()
