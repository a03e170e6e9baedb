"""``python -m onebox demo|run``: the command line behind `make demo` and `make run`."""

import argparse
import os
import sys
from pathlib import Path

from onebox.launcher import Launcher
from onebox.layout import PROJECT


def main() -> int:
    parser = argparse.ArgumentParser(prog="onebox", description="Heron on one machine.")
    parser.add_argument("mode", choices=["demo", "run"])
    parser.add_argument("--port", type=int, default=int(os.environ.get("HERON_PORT", "8000")))
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine only)")
    parser.add_argument("--data", type=Path, help="the data folder (default: .data/demo or .data/run)")
    options = parser.parse_args()
    data = options.data or Path(os.environ.get("HERON_DATA", PROJECT / ".data")) / options.mode
    try:
        return Launcher(data.resolve(), demo=options.mode == "demo", port=options.port, host=options.host).run()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
