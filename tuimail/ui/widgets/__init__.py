"""Widgets of the main screen. They draw lines by runs (`ui.lines.rows`) and own no store."""
