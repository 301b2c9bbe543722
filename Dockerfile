# docker build --build-arg VERSION=0.1.0 -t spanwise:0.1.0 .
# With what `spanwise bulk` needs on a Ray cluster: --build-arg REQUIREMENTS=cluster -t spanwise-bulk:0.1.0
# The base by digest, or from a mirror: --build-arg PYTHON_IMAGE=python:3.12-slim-bookworm@sha256:...
ARG PYTHON_IMAGE=python:3.12-slim-bookworm


FROM ${PYTHON_IMAGE} AS build

# For the kernels in C. No part of it reaches the final image. The versions are not pinned: Debian's stable release changes
# only to fix bugs, and a site that needs the same bytes again pins the base image by its digest.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*

# Traces are an extra, which the image has, because nothing can be installed in it later; what nobody asks for is not
# imported. Without it: --build-arg REQUIREMENTS=runtime
ARG REQUIREMENTS=otel
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# The dependencies have layers of their own, so that a change of the code alone neither downloads nor ships them again.
# Stripping the debug information, which nothing reads, saves 137 MB, and deleting the C sources that eldc's wheel carries,
# 51 MB. Bytecode with an unchecked hash instead of a timestamp
# gives two builds of one commit the same files.
COPY requirements/build.txt requirements/${REQUIREMENTS}.txt requirements/
RUN pip install --require-hashes --only-binary :all: -r requirements/build.txt \
    && python -m venv --without-pip /opt/spanwise \
    && pip --python /opt/spanwise/bin/python install --no-compile --require-hashes --only-binary :all: -r "requirements/${REQUIREMENTS}.txt" \
    && find /opt/spanwise -type f \( -name '*.so' -o -name '*.so.*' \) -exec strip --strip-debug {} + \
    && find /opt/spanwise -type f -path '*/site-packages/eldc/*.[ch]' -delete \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/spanwise

# What .dockerignore names: the three rooms at the top, which the wheel installs as spanwise.service and so on.
COPY . .
RUN SOURCE_DATE_EPOCH=315532800 pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist . \
    && pip --python /opt/spanwise/bin/python install --root /project --no-compile --no-deps --no-index dist/*.whl \
    && python -m compileall -q --invalidation-mode unchecked-hash /project


FROM ${PYTHON_IMAGE}

# The service refuses to start with a variable that begins with SPANWISE_ and is not a setting. Add no such ENV or ARG here.
ENV PATH=/opt/spanwise/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 \
    SPANWISE_HOST=0.0.0.0 \
    SPANWISE_PORT=8000

# The official image has no bytecode of the standard library. On a read-only disk none can be written either, so that every
# start and every health check would compile the library again. pip goes, because nothing is installed in this image.
RUN pip uninstall --yes pip \
    && rm -rf /usr/local/lib/python3*/ensurepip /usr/local/bin/pip* \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /usr/local/lib/python3*

COPY --from=build /opt/spanwise /opt/spanwise
COPY --from=build /project /

ARG PYTHON_IMAGE
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Spanwise" \
      org.opencontainers.image.description="A text-analysis service: entities and sentiment over HTTP, from spaCy pipelines." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"

# The user is a number, because Kubernetes cannot tell whether a named user is root.
USER 10001:10001
WORKDIR /
EXPOSE 8000
STOPSIGNAL SIGTERM
# By http.client, because urllib would send the request through the proxy that http_proxy names.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-I", "-c", \
    "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['SPANWISE_PORT']), 3); c.request('GET', '/livez'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["spanwise"]
CMD ["serve"]
