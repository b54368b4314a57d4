"""The pages of the window, one module each; the shell imports them by name when they are first shown."""
