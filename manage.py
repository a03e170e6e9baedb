#!/usr/bin/env python
"""Django's command line for Heron."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
    if sys.argv[1:2] == ["makevaultkey"]:
        # The first key is made before there is one, and the settings would refuse to load without it.
        os.environ["HERON_DEBUG"] = "1"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
