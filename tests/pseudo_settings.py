"""The settings of the tests, and a language that runs from right to left; see tests/pseudo.py."""

import os
from pathlib import Path

from tests.settings import *  # noqa: F403

LANGUAGES = [*LANGUAGES, ("ar", "Pseudo")]  # noqa: F405
LOCALE_PATHS = [*LOCALE_PATHS, Path(os.environ["HERON_PSEUDO_LOCALE"])]  # noqa: F405
