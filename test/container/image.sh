# The images: built as the README says, looked at, built again.  Sourced by container.sh.
# shellcheck shell=bash

image_build() {
    local target
    mkdir "$WORK/context"
    (cd "$root" && git ls-files -z -co --exclude-standard | while IFS= read -r -d '' file; do
        [ ! -e "$file" ] || printf '%s\0' "$file"
    done | tar -c --null -T - | tar -x -C "$WORK/context")
    # --network host: this engine has no way out of its own.
    for target in node platform; do
        DOCKER_BUILDKIT=0 docker build --network host --target $target -t "cloudsign$([ $target = node ] || printf -- '-%s' $target)" \
            "$WORK/context" >"$WORK/$target.log" 2>&1 || { tail -n 40 "$WORK/$target.log"; wrong "the image $target does not build"; }
    done
}

image_name() { [ "$1" = node ] && printf cloudsign || printf 'cloudsign-%s' "$1"; }
image_inspect() { docker image inspect --format "$2" "$(image_name "$1")"; }

# Every file of the image is in the SBOM with its checksum, and nothing else is.
image_sbom() { # TARGET FOLDER
    local sbom=$2/usr/share/cloudsign/sbom.spdx.json
    jq -e '[.packages[].name] | contains(["libsodium23", "libmbedcrypto16", "libc6", "libwebsockets19t64", "ca-certificates"])' \
        "$sbom" >/dev/null || wrong "$1: the SBOM lacks libraries: $(jq -c '[.packages[].name]' "$sbom")"
    jq -e '([.packages[].SPDXID, .files[].SPDXID] | length == (unique | length)) and
        (.relationships | all(.relatedSpdxElement | startswith("SPDXRef-"))) and
        ([.packages[1:][].externalRefs[0].referenceLocator] | all(startswith("pkg:deb/debian/")))' \
        "$sbom" >/dev/null || wrong "$1: the SBOM is malformed"
    diff <(jq -r '.files[] | .checksums[0].checksumValue + "  " + .fileName' "$sbom" | sort -k 2) \
        <(cd "$2" && find . -type f ! -name sbom.spdx.json -exec sha256sum {} + | sort -k 2) >"$WORK/sbom.diff" ||
        { cat "$WORK/sbom.diff"; wrong "$1: SBOM and files differ"; }
}

image_look() { # TARGET
    local size label dir=$WORK/files-$1
    size=$(image_inspect "$1" '{{.Size}}')
    [ "$size" -le 40000000 ] || wrong "$1: $size bytes"
    [ "$(image_inspect "$1" '{{.Config.User}}')" = 10001:10001 ] || wrong "$1: runs as $(image_inspect "$1" '{{.Config.User}}')"
    [ "$(image_inspect "$1" '{{.Config.StopSignal}}')" = SIGTERM ] || wrong "$1: no stop signal"
    for label in title description version licenses base.name; do
        [ -n "$(image_inspect "$1" "{{index .Config.Labels \"org.opencontainers.image.$label\"}}")" ] || wrong "$1: no label $label"
    done
    # The image's own layer, not a container's view of it: this has Docker's mount points.
    mkdir "$dir"
    docker save "$(image_name "$1")" | tar -x -C "$dir" --wildcards '*/layer.tar' --transform 's,.*/,,'
    tar -x -f "$dir/layer.tar" -C "$dir" --same-permissions
    rm "$dir/layer.tar"
    [ -z "$(find "$dir" -mindepth 1 ! -type l -perm /6002)" ] || wrong "$1: $(find "$dir" -mindepth 1 ! -type l -perm /6002 | head -n 3)"
    [ -z "$(find "$dir" -newermt '1970-01-02' -mindepth 1 ! -path "$dir")" ] || wrong "$1: files with a time of their own"
    [ "$(find "$dir" -type f -perm /111 | sed "s,^$dir,," | grep -v '/ld-linux' | tr '\n' ' ')" = "/usr/bin/$(image_name "$1") " ] ||
        wrong "$1: programs: $(find "$dir" -type f -perm /111)"
    image_sbom "$1" "$dir"
    ok "$1: $((size / 100000))e5 bytes, user 10001, one program, nothing setuid or writable for all, SBOM of $(jq '.packages | length' "$dir/usr/share/cloudsign/sbom.spdx.json") packages and $(jq '.files | length' "$dir/usr/share/cloudsign/sbom.spdx.json") files"
}

# Compiled and gathered once more: the layer must be the same bit by bit.  The image's id
# is not: Docker writes the time of the build into its configuration.
AGAIN_PID=
image_again_start() { # beside the rest of the test
    DOCKER_BUILDKIT=0 docker build --network host --build-arg "AGAIN=$(date +%s)" -t cloudsign:again "$WORK/context" \
        >"$WORK/again.log" 2>&1 &
    AGAIN_PID=$!
}
image_again() {
    wait "$AGAIN_PID" || { tail -n 40 "$WORK/again.log"; wrong "the second build"; }
    [ "$(grep -c 'Using cache' "$WORK/again.log")" -lt "$(grep -c '^Step' "$WORK/again.log")" ] || wrong "the second build was the first"
    [ "$(docker image inspect -f '{{.RootFS.Layers}}' cloudsign)" = "$(docker image inspect -f '{{.RootFS.Layers}}' cloudsign:again)" ] ||
        wrong "two builds differ: $(docker image inspect -f '{{.RootFS.Layers}}' cloudsign cloudsign:again)"
    [ "$(docker image inspect -f '{{json .Config}}' cloudsign | jq -cS 'del(.Image, .Hostname)')" = "$(docker image inspect -f '{{json .Config}}' cloudsign:again | jq -cS 'del(.Image, .Hostname)')" ] ||
        wrong "two builds have different settings"
    ok "built twice: the same layer $(docker image inspect -f '{{index .RootFS.Layers 0}}' cloudsign | cut -c1-23).. and settings"
}
