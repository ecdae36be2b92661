"""Runs the command line as `python -m studio`; holds nothing else."""

from studio.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
