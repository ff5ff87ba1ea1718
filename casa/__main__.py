"""``python -m casa``: the ``casa`` command."""

from casa.cli import main

main(prog_name="casa")
