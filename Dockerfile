# Arrêt in a container. Build: docker build -t arret .
# Run (network of the host, state kept in a volume, the configuration and the orders mounted read-only):
#   docker run --network host --cap-drop ALL --cap-add NET_BIND_SERVICE --read-only --tmpfs /tmp \
#     -v arret-state:/var/lib/arret -v "$PWD/config.yaml:/etc/arret/config.yaml:ro" \
#     -v "$PWD/blocklists:/etc/arret/blocklists:ro" arret
# The configuration says `state: /var/lib/arret`, `orders: /etc/arret/blocklists`, and has no `user:`.
# The image carries no configuration: the shipped one rehearses an order of 2013 on loopback only.
FROM python:3.13-slim AS build
WORKDIR /src
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
COPY requirements.txt requirements-compile.txt pyproject.toml setup.py README.md LICENSE ./
RUN python -m venv /opt/arret && /opt/arret/bin/pip install --no-cache-dir --require-hashes -r requirements.txt \
    && python -m venv /opt/compile && /opt/compile/bin/pip install --no-cache-dir --require-hashes -r requirements-compile.txt
COPY resolver resolver
RUN ARRET_COMPILE=1 /opt/compile/bin/pip wheel --no-build-isolation --no-deps --wheel-dir /wheels . \
    && /opt/arret/bin/pip install --no-cache-dir --no-deps /wheels/arret-*.whl

FROM python:3.13-slim
# A user who is not root gets no capability from --cap-add; the interpreter, which serves nothing else here, carries it.
RUN apt-get update && apt-get install --yes --no-install-recommends libcap2-bin && rm -rf /var/lib/apt/lists/* \
    && setcap cap_net_bind_service=+ep "$(readlink -f "$(command -v python3)")"
COPY --from=build /opt/arret /opt/arret
RUN useradd --system --home-dir /var/lib/arret --create-home arret \
    && ln -s /opt/arret/bin/arret /usr/local/bin/arret
USER arret
WORKDIR /var/lib/arret
VOLUME /var/lib/arret
STOPSIGNAL SIGTERM
# A question that is answered here, whatever upstreams do; a refused order must not make the container unhealthy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["arret", "query", "resolver.arpa", "ANY", "--config", "/etc/arret/config.yaml"]
ENTRYPOINT ["arret"]
CMD ["serve", "--config", "/etc/arret/config.yaml"]
