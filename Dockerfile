# One image for servers, workers and every other command of `rollway`.
# Packages come from wherever pip is told: --secret id=pip.conf,src=FILE gives it a configuration.

FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/rollway
COPY requirements/app.txt requirements/build.txt requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    /opt/rollway/bin/pip install --require-hashes -r requirements/app.txt -r requirements/build.txt
COPY . .
RUN /opt/rollway/bin/pip install --no-deps --no-build-isolation . \
    && /opt/rollway/bin/pip uninstall --yes hatchling

FROM python:3.11.14-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap ca-certificates git git-lfs tini \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --create-home rollway \
    && install --directory --owner=rollway --group=rollway --mode=700 /data /enrolment
COPY --from=build /opt/rollway /opt/rollway
ENV PATH=/opt/rollway/bin:$PATH PYTHONUNBUFFERED=1 \
    ROLLWAY_HOST=0.0.0.0 ROLLWAY_PORT=8000 ROLLWAY_DATA=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--", "rollway"]
CMD ["serve"]
