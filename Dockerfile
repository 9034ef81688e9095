# CloudSign node and platform as container images.
#
#   docker build -t cloudsign .                              the node (default target)
#   docker build -t cloudsign-platform --target platform .   the platform
#
# Built on Debian 13 slim; the final stages are made of it but do not stand on it: they
# hold the program, the shared libraries that it loads, the public certificates, and
# nothing else.  That is 15 MB instead of 95, no shell, no package manager, no setuid
# program, nothing that anybody may write.  What the base is good for stays: Debian's
# own files, unchanged, with /etc/os-release and /var/lib/dpkg/status.d, from which
# scanners know each package and version; /usr/share/cloudsign/sbom.spdx.json lists
# packages and files with checksums; licences are in /usr/share/doc.
#
# Repeatable: the same sources, base image and state of Debian's archive give the same
# files, byte for byte, times included (test/container.sh builds twice and compares).
# For the same base again, give it by digest: --build-arg BASE=debian@sha256:...
# No frontend is named with "syntax": it would be fetched from a registry.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
ARG SOURCE_DATE_EPOCH=0
ARG VERSION=0.1.0
WORKDIR /src
COPY third_party/packages.txt third_party/install.sh third_party/
RUN third_party/install.sh \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json LICENSE ./
COPY cmake cmake
COPY include include
COPY src src
COPY third_party/image.sh third_party/
# Only to run this step anew: test/container.sh compares what two runs made.
ARG AGAIN=
RUN cmake --preset release -DBUILD_TESTING=OFF \
    && cmake --build build/release \
    && strip build/release/cloudsign build/release/cloudsign-platform \
    && third_party/image.sh build/release/cloudsign /image/node "${VERSION}" \
    && third_party/image.sh build/release/cloudsign-platform /image/platform "${VERSION}"

# No VOLUME in either image: a `docker run` without -v would get a nameless volume, and
# --rm would delete it with the shards in it.  Without one the program sees that no
# volume is mounted, and refuses (E_STORE_FS).

# ---- the platform --------------------------------------------------------------------
FROM scratch AS platform
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="cloudsign-platform" \
      org.opencontainers.image.description="REST API, approvals and messaging layer of CloudSign" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="debian:trixie-slim"
COPY --from=build /image/platform /
USER 10001:10001
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
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="debian:trixie-slim"
COPY --from=build /image/node /
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/usr/bin/cloudsign", "status"]
ENTRYPOINT ["/usr/bin/cloudsign"]
CMD ["run"]
