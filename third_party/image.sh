#!/usr/bin/env bash
# Gathers the root of a container image: one program, the shared libraries it loads, the
# public certificates, a user, what scanners read, licences, and an SBOM (SPDX 2.3) of
# every package and file.
#   third_party/image.sh PROGRAM FOLDER VERSION
set -euo pipefail
program=$1 root=$2 version=$3
name=$(basename "$program")
arch=$(dpkg --print-architecture)
die() { printf 'image.sh: %s\n' "$1" >&2; exit 1; }
umask 022

# ---- files -----------------------------------------------------------------------------
# libwebsockets opens its libuv plugin by name at run time: ldd does not see it.
plugin=$(find /usr/lib -name 'libwebsockets-evlib_uv.so' | head -n 1)
[ -n "$plugin" ] || die "libwebsockets-evlib-uv is not installed"
libraries=$( (ldd "$program"; ldd "$plugin") | awk '/=> \// { print $3 } /^\t\/lib/ { print $1 }' | sort -u)
bundle=/etc/ssl/certs/ca-certificates.crt
[ -s $bundle ] || die "ca-certificates is not installed"

install -d -m 0755 "$root"/{usr/bin,etc/ssl/certs,usr/lib,usr/share/cloudsign,var/lib/dpkg/status.d}
install -m 0755 "$program" "$root/usr/bin/$name"
for file in $libraries $plugin $bundle; do
    install -D -m 0644 "$file" "$root$file"
done
chmod 0755 "$root"/lib64/ld-linux-*.so.* 2>/dev/null || chmod 0755 "$root"/lib/ld-linux-*.so.*
printf 'cloudsign:x:10001:10001::/:/\n' >"$root/etc/passwd"
printf 'cloudsign:x:10001:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
install -m 0644 /etc/os-release "$root/usr/lib/os-release"
ln -s ../usr/lib/os-release "$root/etc/os-release"
install -d -m 0700 -o 10001 -g 10001 "$root/var/$name" # owner of a new named volume

# ---- packages ---------------------------------------------------------------------------
owner() { # the package of a file: through its real path, or the one before the /usr merge
    local real
    [ "$1" != $bundle ] || { echo ca-certificates; return; } # made when that is installed
    real=$(readlink -f "$1")
    { dpkg -S "$real" || dpkg -S "${real#/usr}" || dpkg -S "$1"; } 2>/dev/null |
        head -n 1 | sed -E 's/^([^:,]+).*/\1/'
}
declare -A of=()
for file in $libraries $plugin $bundle; do
    of[$file]=$(owner "$file")
    [ -n "${of[$file]}" ] || die "$file is of no package"
done
of[/usr/lib/os-release]=base-files
mapfile -t packages < <(printf '%s\n' "${of[@]}" | sort -u)
for package in "${packages[@]}"; do
    dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
    if [ -e "/usr/share/doc/$package/copyright" ]; then
        install -D -m 0644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
    else
        printf 'image.sh: warning: no licence of %s in this base\n' "$package" >&2
    fi
done

# ---- SBOM -------------------------------------------------------------------------------
id() { printf 'SPDXRef-%s' "$(printf '%s' "$1" | tr -c 'A-Za-z0-9.-' '-')"; } # all that SPDX allows
package_entry() { # NAME VERSION LICENCE SUPPLIER [PURL]
    printf '  {"SPDXID": "%s", "name": "%s", "versionInfo": "%s", "supplier": "%s", "filesAnalyzed": false,\n' \
        "$(id "package-$1")" "$1" "$2" "$4"
    printf '   "downloadLocation": "NOASSERTION", "licenseConcluded": "%s", "copyrightText": "NOASSERTION"' "$3"
    [ -z "${5:-}" ] || printf ',\n   "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "%s"}]' "$5"
    printf '}'
}
sbom_packages() {
    local package v
    package_entry "$name" "$version" Apache-2.0 NOASSERTION
    for package in "${packages[@]}"; do
        v=$(dpkg-query -W -f '${Version}' "$package")
        printf ',\n'
        package_entry "$package" "$v" NOASSERTION "Organization: Debian" \
            "pkg:deb/debian/${package//+/%2B}@${v//+/%2B}?arch=$arch"
    done
}
sbom_files() {
    local file comma=
    while IFS= read -r file; do
        printf '%s  {"SPDXID": "%s", "fileName": ".%s", "checksums": [{"algorithm": "SHA256", "checksumValue": "%s"}], "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION"}' \
            "$comma" "$(id "file$file")" "$file" "$(sha256sum <"$root$file" | cut -d' ' -f1)"
        comma=$',\n'
    done < <(cd "$root" && find . -type f ! -name sbom.spdx.json | sed 's/^\.//' | LC_ALL=C sort)
}
sbom_relations() {
    local package file
    printf '  {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "%s"}' "$(id "package-$name")"
    for package in "${packages[@]}"; do
        printf ',\n  {"spdxElementId": "%s", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "%s"}' \
            "$(id "package-$name")" "$(id "package-$package")"
    done
    for file in $(printf '%s\n' "${!of[@]}" | LC_ALL=C sort); do
        printf ',\n  {"spdxElementId": "%s", "relationshipType": "GENERATED_FROM", "relatedSpdxElement": "%s"}' \
            "$(id "file$file")" "$(id "package-${of[$file]}")"
    done
}
{
    printf '{"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",\n'
    printf ' "name": "%s-%s",\n' "$name" "$version"
    printf ' "documentNamespace": "urn:cloudsign:sbom:%s:%s:%s",\n' "$name" "$version" "$(sha256sum <"$program" | cut -c1-32)"
    printf ' "creationInfo": {"created": "%s", "creators": ["Tool: third_party/image.sh"]},\n' \
        "$(date -u -d "@${SOURCE_DATE_EPOCH:-0}" +%Y-%m-%dT%H:%M:%SZ)"
    printf ' "packages": [\n%s\n ],\n' "$(sbom_packages)"
    printf ' "files": [\n%s\n ],\n' "$(sbom_files)"
    printf ' "relationships": [\n%s\n ]}\n' "$(sbom_relations)"
} >"$root/usr/share/cloudsign/sbom.spdx.json"

find "$root" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
du -sm "$root" | awk -v n="$name" '{ printf "image.sh: %s: %d MB\n", n, $1 }'
