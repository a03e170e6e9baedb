"""Settings of the site, all from the environment (see README.md, "Configure").

With ``HERON_DEBUG`` off, a missing secret stops the start with a word on what to set.
"""

from pathlib import Path

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from webmail import env
from webmail.sign_in_apps import build_providers

# Lets `ModelForm[User]` and `ModelAdmin[Any]`, which the type checker reads, stand in running code.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("HERON_DEBUG", False)
SECRET_KEY = env.text("HERON_SECRET_KEY", "not-a-secret-debug-only") if DEBUG else env.text("HERON_SECRET_KEY")
# Keys of the vault, newest first; see accounts/vault.py and `manage.py rotatesecrets`.
HERON_VAULT_KEYS = env.keys("HERON_VAULT_KEYS", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" if DEBUG else None)
HERON_BASE_URL = env.origin("HERON_BASE_URL", "http://localhost:8000")
# The address people type is always one of them: without it each page would be refused.
ALLOWED_HOSTS = [*env.words("HERON_ALLOWED_HOSTS", "localhost 127.0.0.1 [::1]"), env.host_of(HERON_BASE_URL)]
CSRF_TRUSTED_ORIGINS = env.words("HERON_TRUSTED_ORIGINS", HERON_BASE_URL)
HTTPS = HERON_BASE_URL.startswith("https://")

# What the operator decides. ---------------------------------------------------------------------
# Opens the first-run page that makes the administrator, while there is no user.
HERON_SETUP_TOKEN = env.text("HERON_SETUP_TOKEN", "")
HERON_OPEN_SIGNUP = env.flag("HERON_OPEN_SIGNUP", False)
# Users' mail servers on loopback and private addresses: "none", "all", or a list of host[:port].
HERON_ALLOW_PRIVATE_HOSTS = env.words("HERON_ALLOW_PRIVATE_HOSTS", "")
# Plain-text logins to mail servers, never without this switch.
HERON_ALLOW_PLAINTEXT = env.flag("HERON_ALLOW_PLAINTEXT", False)
HERON_MESSAGE_SIZE_LIMIT_BYTES = env.integer("HERON_MESSAGE_SIZE_LIMIT_BYTES", 150 * 1024 * 1024)
HERON_UPLOAD_LIMIT_BYTES = env.integer("HERON_UPLOAD_LIMIT_BYTES", 25 * 1024 * 1024)
# A file of mail that a person imports.
HERON_IMPORT_LIMIT_BYTES = env.integer("HERON_IMPORT_LIMIT_BYTES", 2 * 1024 * 1024 * 1024)
# A file that is too big for mail can be given as a link: up to this size, and for so long.
HERON_LINK_LIMIT_BYTES = env.integer("HERON_LINK_LIMIT_BYTES", 500 * 1024 * 1024)
HERON_LINK_DAYS = env.integer("HERON_LINK_DAYS", 30)
# What one person's drafts and links may hold here.
HERON_FILES_QUOTA_BYTES = env.integer("HERON_FILES_QUOTA_BYTES", 2 * 1024 * 1024 * 1024)
# What one person's mail and files may take up, where an administrator gives them no limit of their own; 0: anything.
HERON_STORAGE_LIMIT_BYTES = env.integer("HERON_STORAGE_LIMIT_BYTES", 0)
# What filling an account for the first time may fetch in a day, where its provider names no limit; 0: anything.
HERON_BACKFILL_BYTES_PER_DAY = env.integer("HERON_BACKFILL_BYTES_PER_DAY", 0)
# Finding the servers of an address: DNS servers to ask (host or host:port; none: the system's), and a public database
# of providers, a URL that a domain is put behind; empty: not asked.
HERON_NAMESERVERS = env.words("HERON_NAMESERVERS", "")
HERON_PROVIDER_DATABASE = env.text("HERON_PROVIDER_DATABASE", "https://autoconfig.thunderbird.net/v1.1/")
# An address or URL for people who find a hole; shown in /.well-known/security.txt.
HERON_SECURITY_CONTACT = env.text("HERON_SECURITY_CONTACT", "")
# Known by it at push services: base64 of 32 bytes. Empty: one is made and kept in the vault.
HERON_PUSH_KEY = env.text("HERON_PUSH_KEY", "")
HERON_WATCH_LIMIT = env.integer("HERON_WATCH_LIMIT", 2000)

INSTALLED_APPS = [
    "accounts",
    "mailsync",
    "webmail",
    "accounts.admin_app.HeronAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_htmx",
    "django_prose_editor",
    "js_asset",
]

MIDDLEWARE = [
    "webmail.views.health.HealthMiddleware",  # outside all that asks for a name of the host and for TLS
    "django.middleware.security.SecurityMiddleware",
    "webmail.static_files.StaticFilesMiddleware",  # its files are compressed already
    "webmail.middleware.ContentSecurityPolicyMiddleware",  # outside all that may answer by itself
    "webmail.compression.CompressionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.SessionUserMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webmail.middleware.SessionActivityMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "webmail.middleware.UserPreferencesMiddleware",
    "webmail.middleware.FormAddressMiddleware",
    "webmail.middleware.RefusedTextMiddleware",
]

ROOT_URLCONF = "webmail.urls"
ASGI_APPLICATION = "webmail.asgi.application"
WSGI_APPLICATION = "webmail.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["webmail.templatetags.heron", "webmail.templatetags.parts"],
        },
    },
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"environment": "webmail.parts.environment"},
    },
]

# Data. -----------------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", "postgres://heron@localhost/heron")}
# Kept apart from the URL where it comes from a file (HERON_DATABASE_PASSWORD_FILE).
DATABASES["default"]["PASSWORD"] = env.text("HERON_DATABASE_PASSWORD", DATABASES["default"]["PASSWORD"])
# Under ASGI each request may run on another thread, so connections come from psycopg's pool and
# CONN_MAX_AGE stays 0. Forked workers make their own pool (see webmail/celery.py).
DATABASES["default"]["OPTIONS"]["pool"] = {
    "min_size": 0,
    "max_size": env.integer("HERON_DATABASE_POOL", 16, least=1),
    "timeout": 10,
}
# Pages are read by keys out of memory or flash. At PostgreSQL's default, made for turning disks, a planner that has
# no statistics yet (a mailbox just filled) reads a whole folder and sorts it rather than following its index.
DATABASES["default"]["OPTIONS"].setdefault("options", "-c random_page_cost=1.1")
# For psycopg's own cursors, which are for what is asked often (accounts/ready.py); Django's never prepare.
DATABASES["default"]["OPTIONS"].setdefault("prepare_threshold", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.address("REDIS_URL", "redis://localhost:6379/0", ("redis", "rediss", "unix"))
CACHES = {
    "default": {
        "BACKEND": "webmail.hint_cache.HintCache",
        "LOCATION": REDIS_URL,
        # Whoever asks could ask the database instead: a server that does not answer is not waited for.
        "OPTIONS": {"pool_class": "webmail.cache_pool.ProcessPool", "socket_connect_timeout": 1, "socket_timeout": 2},
    }
}
SESSION_ENGINE = "accounts.session_store"

# People. ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
# An address is unique by Lower("email"), which this check does not see.
# HSTS for subdomains and in browsers' lists is the operator's word to give (HERON_HSTS_SUBDOMAINS).
# The frame of a message is a page of this site's own, so that others may be refused and it not.
SILENCED_SYSTEM_CHECKS = ["auth.W004", "security.W005", "security.W019", "security.W021"]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_LOGIN_BY_CODE_ENABLED = env.flag("HERON_SIGN_IN_BY_CODE", True)
# A stranger who types addresses gets no letter sent to them.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = None  # the sign-in page asks
MFA_ADAPTER = "accounts.adapters.MFAAdapter"
MFA_FORMS = {"add_webauthn": "accounts.passkeys.AddPasskeyForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
USERSESSIONS_TRACK_ACTIVITY = True
# Signing in by Google, Microsoft or an OpenID Connect provider: only what the operator has registered Heron with.
SOCIALACCOUNT_ADAPTER = "webmail.sign_in.SignInAdapter"
SOCIALACCOUNT_PROVIDERS = build_providers()
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
# The site's own policy lets no form lead elsewhere, so the way to a provider is a link.
SOCIALACCOUNT_LOGIN_ON_GET = True

# Mail that Heron itself writes to people (invitations, password resets), not users' mail.
EMAIL_BACKEND = env.text(
    "HERON_EMAIL_BACKEND",
    "django.core.mail.backends.console.EmailBackend" if DEBUG else "webmail.letters.LetterBackend",
)
EMAIL_HOST = env.text("HERON_EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("HERON_EMAIL_PORT", 25, least=1, most=65535)
EMAIL_HOST_USER = env.text("HERON_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = env.text("HERON_EMAIL_PASSWORD", "")
EMAIL_USE_TLS = env.flag("HERON_EMAIL_STARTTLS", False)
EMAIL_USE_SSL = env.flag("HERON_EMAIL_TLS", False)
if EMAIL_USE_TLS and EMAIL_USE_SSL:
    raise ImproperlyConfigured("Set one of HERON_EMAIL_STARTTLS and HERON_EMAIL_TLS, as a server speaks one of them.")
EMAIL_TIMEOUT = 20
EMAIL_FILE_PATH = env.text("HERON_EMAIL_FILE_PATH", "") or None
DEFAULT_FROM_EMAIL = env.text("HERON_EMAIL_FROM", "Heron <heron@localhost>")
EMAIL_SUBJECT_PREFIX = "[Heron] "

# Work. -----------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 330
CELERY_TASK_SOFT_TIME_LIMIT = 300
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Visible to others after longer than any task may run, or Redis hands a running task out twice. A broker that is away
# is not waited for: what a nudge would say is due in PostgreSQL anyway. Workers have a patience of their own.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 1000, "max_retries": 0}
CELERY_TASK_DEFAULT_QUEUE = "sync"
CELERY_TIMEZONE = "UTC"

# Files. ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.text("HERON_STATIC_ROOT", str(BASE_DIR / "static-collected"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "webmail.assets.MadeFilesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# Pictures and fonts are compressed already; source maps are large and nobody but a developer asks for them.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("png", "jpg", "jpeg", "gif", "webp", "zip", "gz", "br", "woff", "woff2", "map")
DATA_UPLOAD_MAX_MEMORY_SIZE = HERON_UPLOAD_LIMIT_BYTES + 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Language and time. ----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "webmail" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Hardening. ------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = env.flag("HERON_SSL_REDIRECT", HTTPS)
SECURE_HSTS_SECONDS = env.integer("HERON_HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.flag("HERON_HSTS_SUBDOMAINS", False)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
if env.flag("HERON_BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # Who knocks is what our proxy added to X-Forwarded-For, its last address; the others are the client's to invent.
    # Without it all people share one limit of sign-ins, and one place in the list of their sessions.
    ALLAUTH_TRUSTED_PROXY_COUNT = 1

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"redact": {"()": "webmail.redaction.Redact"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}},
    # uvicorn has handlers of its own: what it says of requests passes the same filter.
    "loggers": {"uvicorn.access": {"filters": ["redact"]}, "uvicorn.error": {"filters": ["redact"]}},
    "root": {"handlers": ["console"], "level": env.choice("HERON_LOG_LEVEL", "INFO", env.LOG_LEVELS)},
}
