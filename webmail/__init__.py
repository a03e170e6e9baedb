"""The site: project package and screens. It has no tables of its own."""

from webmail.celery import app as celery_app

__all__ = ["celery_app"]
