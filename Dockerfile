# One image for web, worker, scheduler and watcher; docker-compose.yml says which one a container is.
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt requirements-onebox.txt ./
# The demo profile's mail server is the only difference between the two sets.
ARG REQUIREMENTS=requirements.txt
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r ${REQUIREMENTS}

FROM python:3.12-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HERON_STATIC_ROOT=/app/static-collected
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent heron
WORKDIR /app
COPY --from=build /venv /venv
COPY manage.py pyproject.toml ./
COPY accounts accounts
COPY mailsync mailsync
COPY webmail webmail
COPY onebox onebox
COPY templates templates
COPY static static
# The containers may not write beside the sources, so each start would compile all of them anew.
RUN python -m compileall -q accounts mailsync webmail onebox
# Collecting needs settings but no secret and no server; what is set here does not outlive the line.
RUN HERON_SECRET_KEY=build HERON_VAULT_KEYS=$(head -c 32 /dev/zero | base64) python manage.py collectstatic --noinput
USER heron
EXPOSE 8000
CMD ["uvicorn", "webmail.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "5", "--proxy-headers"]
