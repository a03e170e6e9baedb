"""The site as in production, but with static files served as they lie: nothing to collect before a test."""

import os
from pathlib import Path

from tests.servers import names
from webmail.settings import *  # noqa: F403

if names.VARIABLE in os.environ:
    names.install(Path(os.environ[names.VARIABLE]))

STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
