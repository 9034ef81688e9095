# syntax=docker/dockerfile:1
# CloudSign node and platform as container images.
#
#   docker build -t cloudsign .                              the node (default target)
#   docker build -t cloudsign-platform --target platform .   the platform
#
# The final stages hold the program, the shared libraries that it loads and the public
# certificates, and nothing else: no shell, no package manager.  Everything comes from
# Debian's archive through the base image; SOURCE_DATE_EPOCH makes file times repeatable.
# /usr/share/cloudsign/sbom.spdx.json lists what is inside, package by package.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
ARG SOURCE_DATE_EPOCH=0
ARG VERSION=0.1.0
WORKDIR /src
COPY third_party third_party
RUN third_party/install.sh \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json LICENSE ./
COPY cmake cmake
COPY include include
COPY src src
RUN cmake --preset release -DBUILD_TESTING=OFF \
    && cmake --build build/release \
    && strip build/release/cloudsign build/release/cloudsign-platform
COPY third_party/image.sh third_party/image.sh
RUN third_party/image.sh build/release/cloudsign /image/node "${VERSION}" \
    && third_party/image.sh build/release/cloudsign-platform /image/platform "${VERSION}"

# ---- the platform --------------------------------------------------------------------
FROM scratch AS platform
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="cloudsign-platform" \
      org.opencontainers.image.description="REST API, approvals and messaging layer of CloudSign" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/platform /
USER 10001:10001
VOLUME /var/cloudsign-platform
EXPOSE 8443
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/cloudsign-platform"]
CMD ["serve", "--data-dir", "/var/cloudsign-platform", "--listen", "0.0.0.0:8443"]

# ---- the node ------------------------------------------------------------------------
FROM scratch AS node
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="cloudsign" \
      org.opencontainers.image.description="MPC signing node: holds one shard of each key, outbound connections only" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/node /
USER 10001:10001
VOLUME /var/cloudsign
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/usr/bin/cloudsign", "status"]
ENTRYPOINT ["/usr/bin/cloudsign"]
CMD ["run"]
