#!/usr/bin/env bash
# Gathers the root of a container image: one program, the shared libraries it loads, the
# public certificates, a user, and a list (SPDX) of the Debian packages they came from.
#   third_party/image.sh PROGRAM FOLDER VERSION
set -euo pipefail
program=$1 root=$2 version=$3
name=$(basename "$program")
# libwebsockets opens its libuv plugin by name at run time: ldd does not see it.
plugin=$(find /usr/lib -name 'libwebsockets-evlib_uv.so' | head -n 1)
[ -n "$plugin" ] || { echo "image.sh: libwebsockets-evlib-uv is not installed" >&2; exit 1; }

files=$( (ldd "$program"; ldd "$plugin") | awk '/=> \// { print $3 } /^\t\/lib/ { print $1 }' | sort -u)
mkdir -p "$root"/{usr/bin,etc/ssl/certs,usr/share/cloudsign,tmp} "$root/var/$name"
install -m 0755 "$program" "$root/usr/bin/$name"
for file in $files "$plugin"; do
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
done
if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
fi
printf 'cloudsign:x:10001:10001::/:/\n' >"$root/etc/passwd"
printf 'cloudsign:x:10001:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
chown 10001:10001 "$root/var/$name"
chmod 0700 "$root/var/$name"
chmod 1777 "$root/tmp"

packages() { # of every file, through its real path and the one before the /usr merge
    local file real
    for file in $files "$plugin" /etc/ssl/certs/ca-certificates.crt; do
        real=$(readlink -f "$file")
        dpkg -S "$real" 2>/dev/null || dpkg -S "${real#/usr}" 2>/dev/null || dpkg -S "$file" 2>/dev/null || true
    done | sed -E 's/^([^:]+)(:[^:]+)?: .*/\1/' | sort -u
    [ ! -s /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
}
{
    printf '{"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",\n'
    printf ' "name": "%s-%s", "documentNamespace": "urn:cloudsign:%s:%s",\n' "$name" "$version" "$name" "$version"
    printf ' "creationInfo": {"created": "%s", "creators": ["Tool: third_party/image.sh"]},\n' \
        "$(date -u -d "@${SOURCE_DATE_EPOCH:-0}" +%Y-%m-%dT%H:%M:%SZ)"
    printf ' "packages": [\n  {"SPDXID": "SPDXRef-app", "name": "%s", "versionInfo": "%s", "downloadLocation": "NOASSERTION", "licenseConcluded": "Apache-2.0"}' "$name" "$version"
    packages | sort -u | while read -r package; do
        # shellcheck disable=SC2016
        dpkg-query -W -f ',\n  {"SPDXID": "SPDXRef-${Package}", "name": "${Package}", "versionInfo": "${Version}", "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION"}' "$package"
    done
    printf '\n ]}\n'
} >"$root/usr/share/cloudsign/sbom.spdx.json"

find "$root" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
du -sm "$root" | awk -v n="$name" '{ printf "image.sh: %s: %d MB\n", n, $1 }'
