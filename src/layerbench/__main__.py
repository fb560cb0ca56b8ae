"""`python -m layerbench`."""

from layerbench.cli import main

if __name__ == "__main__":
    main()
