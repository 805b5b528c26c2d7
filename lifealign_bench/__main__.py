"""`python -m lifealign_bench` is the `lifealign` command."""

from lifealign_bench.cli import main

if __name__ == "__main__":
    main()
