"""Settings of the tests: the site's own, with fixed secrets and the servers of tests/services.py."""

import os

os.environ.setdefault("HERON_SECRET_KEY", "test-only")
os.environ.setdefault("HERON_VAULT_KEYS", "dGVzdHMgb25seSwgdGVzdHMgb25seSwgdGVzdHMhISE=")

from tests import services

services.start()
# Each process of pytest-xdist has a Redis database of its own.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker:
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].rpartition("/")[0] + f"/{int(_worker.removeprefix('gw')) + 1}"

from webmail.settings import *  # noqa: E402,F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
HERON_ALLOW_PRIVATE_HOSTS = ["all"]
HERON_ALLOW_PLAINTEXT = True
DATABASES["default"]["OPTIONS"].pop("pool")  # noqa: F405 - the test database is made and dropped around connections
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
