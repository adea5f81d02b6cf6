# imsearch serve in a container; docs/serving.md tells how to run it.

FROM python:3.12-slim AS build
RUN python -m venv /opt/imsearch
ENV PATH=/opt/imsearch/bin:$PATH
# torch and torchvision come as a pair: one of them for CPUs beside the other's ordinary build fails when imported.
RUN pip install --no-cache-dir "torch>=2.8" "torchvision>=0.23" --index-url https://download.pytorch.org/whl/cpu
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY imsearch imsearch
# hadolint ignore=DL3013
RUN pip install --no-cache-dir ".[server,verify,heif]"
# The first use of a model compiles it. Done here, a container starts with it.
COPY data/photos/places /tmp/photos
ENV IMSEARCH_CACHE=/opt/cache
RUN imsearch similarity --library /tmp/library /tmp/photos/bridge.jpg /tmp/photos/summer-palace.jpg

FROM python:3.12-slim
RUN useradd --uid 10001 --create-home imsearch \
    && install --directory --owner imsearch --group imsearch /library
COPY --from=build /opt/imsearch /opt/imsearch
COPY --from=build --chown=imsearch:imsearch /opt/cache /opt/cache
ENV PATH=/opt/imsearch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    IMSEARCH_CACHE=/opt/cache \
    IMSEARCH_LIBRARY=/library
USER 10001
VOLUME /library
EXPOSE 8787
HEALTHCHECK --start-period=30s --timeout=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8787/healthz', timeout=5)"]
ENTRYPOINT ["imsearch"]
CMD ["serve", "/pictures", "--host", "0.0.0.0", "--no-browser"]
