"""Runs the command line as `python -m studio`; holds nothing else."""

if __name__ == "__main__":
    try:
        from studio.cli import main

        raise SystemExit(main())
    except KeyboardInterrupt:  # pressed again while it was closing, or before it had begun
        raise SystemExit(130) from None
