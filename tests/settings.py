"""Settings of the tests: the site's own, with fixed test secrets and the servers that conftest started."""

import os

os.environ.setdefault("HERON_SECRET_KEY", "test-only")
os.environ.setdefault("HERON_VAULT_KEYS", "dGVzdHMgb25seSwgdGVzdHMgb25seSwgdGVzdHMhISE=")

from webmail.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
HERON_ALLOW_PRIVATE_HOSTS = ["all"]
HERON_ALLOW_PLAINTEXT = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
