"""The ASGI entry point, served by uvicorn."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")

get_asgi_application()

from django.conf import settings  # noqa: E402  after Django has been set up

from webmail.body_limit import limit_bodies  # noqa: E402
from webmail.one_thread import OneThreadHandler  # noqa: E402
from webmail.warm import warm_up  # noqa: E402

# What is prepared (accounts/ready.py) is planned once, not for its numbers each time until that has proved dearer.
settings.DATABASES["default"]["OPTIONS"]["options"] += " -c plan_cache_mode=force_generic_plan"
warm_up()
application = limit_bodies(OneThreadHandler(), settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
