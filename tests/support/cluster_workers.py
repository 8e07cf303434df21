"""Two workers in processes of their own: prints the scheduler's address, ends with its input."""

import sys

from perdura.flows.orchestration.cluster import workers_here


def main() -> None:
    with workers_here(2) as cluster:
        sys.stdout.write(f"{cluster.scheduler_address}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
