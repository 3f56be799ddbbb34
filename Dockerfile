# syntax=docker/dockerfile:1
# One image for every role: `muster bots`, `muster worker`, `muster migrate`; see compose.yaml.

FROM python:3.13-slim-trixie AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
# The packages change rarely: a layer of their own.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-dev --no-install-project
COPY muster.py ./
COPY bots bots
COPY config config
COPY core core
COPY simulator simulator
COPY worker worker
RUN uv sync --locked --no-dev --no-editable

FROM python:3.13-slim-trixie
# The sandbox prefers the system's bubblewrap. Docker's default profile forbids the namespaces that it needs; then
# the sandbox uses Landlock, and says so when a worker starts.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends bubblewrap \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home muster \
 && install --directory --owner muster /data
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data LOG_FORMAT=json
USER muster
WORKDIR /home/muster
VOLUME /data
CMD ["muster", "--help"]
