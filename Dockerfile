# A console for a PostgreSQL server: without the embedded engine, with TLS to the database.
#
#   docker build -t castellan .
#   docker run -p 8080:8080 -e DATABASE_URL=... -e CASTELLAN_SECRET_KEY=... -e CASTELLAN_PUBLIC_URL=... castellan

FROM node:20-bookworm-slim AS node

FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends libpq-dev && rm -rf /var/lib/apt/lists/*
# npm fetches the CSS and JavaScript that the binary embeds.
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /castellan
COPY . .
RUN cargo build --release --locked --no-default-features

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libpq5 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/castellan castellan
COPY --from=build /castellan/target/release/castellan /usr/local/bin/castellan
COPY LICENSE /usr/share/doc/castellan/LICENSE
USER castellan
WORKDIR /var/lib/castellan
ENV CASTELLAN_LISTEN=0.0.0.0:8080 \
    CASTELLAN_DATA_DIR=/var/lib/castellan \
    CASTELLAN_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET /livez HTTP/1.0\\r\\n\\r\\n' >&3; grep -q '^HTTP/1.. 200' <&3"]
# It ends in order on SIGTERM; running requests have 25 seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["castellan"]
CMD ["serve"]
