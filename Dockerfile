# The server alone; its database is another service (see docker-compose.yml).
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/target \
    CARGO_TARGET_DIR=/target cargo build --release --locked --package server \
    && cp /target/release/drawbridge /usr/local/bin/drawbridge

FROM debian:bookworm-slim
RUN useradd --system --home-dir /var/lib/drawbridge --create-home --shell /usr/sbin/nologin drawbridge
COPY --from=build /usr/local/bin/drawbridge /usr/local/bin/drawbridge
USER drawbridge
ENV DRAWBRIDGE__DATA_DIR=/var/lib/drawbridge
VOLUME /var/lib/drawbridge
EXPOSE 8080 2575
STOPSIGNAL SIGTERM
ENTRYPOINT ["drawbridge"]
CMD ["serve"]
