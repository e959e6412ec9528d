FROM python:3.13-slim

# 1 adds what the tests need: `docker-compose exec web pytest .`
ARG TESTS=0

ENV PYTHONUNBUFFERED=1 \
    PYTHONPATH=/app \
    HOST=0.0.0.0 \
    PORT=8002 \
    DATA_DIR=/data \
    PYTEST_ADDOPTS="--cov --cov-report=term" \
    COVERAGE_FILE=/tmp/coverage \
    HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis

# tini hands signals on, and reaps what ends.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home issues

WORKDIR /app
COPY requirements.txt requirements-dev.txt ./
RUN pip install --no-cache-dir -r requirements.txt \
    && if [ "$TESTS" = 1 ]; then pip install --no-cache-dir -r requirements-dev.txt; fi

COPY . .
# Collected now, since the user below may not write here, and readable, however strict the umask of the checkout was.
RUN export DATA_DIR=/tmp/build \
    && python manage.py shell -c "from issuetracker.staticfiles import collect_if_changed; collect_if_changed()" \
    && rm -rf /tmp/build \
    && chmod -R a+rX /app

USER issues
VOLUME /data
EXPOSE 8002
# Migrations may take their time; that it is healthy shows with the first success.
HEALTHCHECK --interval=10s --timeout=6s --start-period=1h --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/readyz' % os.environ['PORT'], timeout=5)"]

ENTRYPOINT ["tini", "--"]
CMD ["python", "manage.py", "serve"]
