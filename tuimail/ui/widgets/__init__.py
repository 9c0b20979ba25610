"""Widgets of the main screen. They draw lines by runs (`ui.rows`) and own no store."""
