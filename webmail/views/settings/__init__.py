"""The settings pages: one module a subject, ``urls.py`` names them all."""
