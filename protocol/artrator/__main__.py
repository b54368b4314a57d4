"""``python -m artrator``: the same command, for environments whose scripts are not on the path."""

from artrator.cli import main

main(prog_name="artrator")
