"""Everything with a widget in it: the theme, the widgets, the shell and the pages."""
