# Arrêt in a container. Build: docker build -t arret .
# Run (network of the host, state kept in a volume, the configuration and the orders mounted read-only):
#   docker run --network host --cap-drop ALL --cap-add NET_BIND_SERVICE --read-only --tmpfs /tmp \
#     -v arret-state:/var/lib/arret -v "$PWD/config.yaml:/etc/arret/config.yaml:ro" \
#     -v "$PWD/blocklists:/etc/arret/blocklists:ro" arret
# The image carries no configuration: the shipped one rehearses an order of 2013 on loopback only.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.txt pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/arret && /opt/arret/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY resolver resolver
RUN /opt/arret/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
COPY --from=build /opt/arret /opt/arret
RUN useradd --system --home-dir /var/lib/arret --create-home arret \
    && ln -s /opt/arret/bin/arret /usr/local/bin/arret
USER arret
WORKDIR /var/lib/arret
VOLUME /var/lib/arret
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["/opt/arret/bin/python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9153/health', timeout=2)"]
ENTRYPOINT ["arret", "-c", "/etc/arret/config.yaml"]
CMD ["serve"]
