"""Heron on one machine: database, broker, web, workers and a demo mail server as one process tree.

``python -m onebox demo`` and ``python -m onebox run`` are what `make demo` and `make run` call.
Nothing in Heron imports this package; production runs the same processes by docker-compose.yml.
"""
