#!/usr/bin/env bash
# Installs into a folder of its own and looks at it as an embedder does: what is there, what
# the library exports, that the headers compile as C and C++, and that a supervisor builds
# out of tree by pkg-config (shared and static) and by find_package.
#
#   install.sh BUILD_DIR WORK_DIR [COMPILER_FLAG...]      leaves the supervisors in WORK_DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: $0 BUILD_DIR WORK_DIR [FLAG...]}" && pwd)
work=${2:?usage: $0 BUILD_DIR WORK_DIR [FLAG...]}
flags=("${@:3}")
ok() { printf 'ok    %s\n' "$*"; }
wrong() { printf 'WRONG %s\n' "$*"; exit 1; }

rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
log=$work/log
quietly() { "$@" >"$log" 2>&1 || { cat "$log"; wrong "$*"; }; }

# ---- what is there -----------------------------------------------------------------------

quietly cmake --install "$build" --prefix "$work/first"
mv "$work/first" "$work/prefix" # the packages must not know where they were installed
lib=$(dirname "$(find "$work/prefix" -name libcloudsign.so.0)")
for file in bin/cloudsign bin/cloudsign-platform include/cloudsign/cloudsign.h \
    include/cloudsign/cs_node.h share/doc/cloudsign/README.md; do
    [ -s "$work/prefix/$file" ] || wrong "$file is not installed"
done
for file in libcloudsign.so libcloudsign.so.0 libcloudsign.a pkgconfig/cloudsign.pc \
    cmake/cloudsign/cloudsignConfig.cmake cmake/cloudsign/cloudsignConfigVersion.cmake; do
    [ -s "$lib/$file" ] || wrong "$file is not installed"
done
while IFS= read -r file; do
    cmp -s "$file" "$work/prefix/share/cloudsign/${file#"$here/../../src/ops/"}" ||
        wrong "$file is not installed to share/cloudsign"
done < <(find "$here/../../src/ops" -type f -not -name '.*')
extra=$(cd "$work/prefix/include" && find . -type f | sort | tr '\n' ' ')
[ "$extra" = "./cloudsign/cloudsign.h ./cloudsign/cs_node.h " ] || wrong "headers: $extra"
ok "programs, headers, libraries, packages, src/ops: installed, and moved afterwards"

# ---- the library -------------------------------------------------------------------------

readelf -d "$lib/libcloudsign.so" | grep 'SONAME.*\[libcloudsign\.so\.0\]' >/dev/null || wrong "SONAME"
! readelf -d "$lib/libcloudsign.so" | grep -Eq 'TEXTREL|RPATH|RUNPATH' || wrong "TEXTREL or RPATH"
nm -D --defined-only "$lib/libcloudsign.so" | awk '$2 != "A" {print $3}' |
    grep -v '^_' | LC_ALL=C sort >"$work/exports"
diff -u "$here/exports.txt" "$work/exports" || wrong "the library exports something else than exports.txt"
sed -n 's/^CS_API .*[ *]\([a-z_]*\)(.*/\1/p' "$work"/prefix/include/cloudsign/*.h |
    LC_ALL=C sort -u >"$work/declared"
diff -u "$here/exports.txt" "$work/declared" || wrong "the headers declare something else"
ok "libcloudsign.so.0 exports what the headers declare: $(wc -l <"$work/exports") functions"

# ---- the headers -------------------------------------------------------------------------

export PKG_CONFIG_PATH=$lib/pkgconfig
cflags=$(pkg-config --cflags cloudsign)
cxx=${CXX:-$(command -v c++ || command -v clang++)}
for header in cloudsign cs_node; do
    printf '#include <cloudsign/%s.h>\n' $header >"$work/one.c"
    # shellcheck disable=SC2086 # flags are words
    for std in c99 c11 c17; do
        quietly "${CC:-cc}" -std=$std -Wall -Wextra -Wpedantic -Werror $cflags -c "$work/one.c" -o "$work/one.o"
    done
    # shellcheck disable=SC2086
    for std in c++11 c++17 c++20; do
        quietly "$cxx" -x c++ -std=$std -Wall -Wextra -Wpedantic -Werror $cflags -c "$work/one.c" -o "$work/one.o"
    done
done
ok "each header compiles alone, as C99 to C17 and C++11 to C++20"

# ---- out of tree -------------------------------------------------------------------------

# README's example, word for word.
awk '/^```c$/ {on = 1; next} /^```$/ {on = 0} on' <(sed -n '/^## Embedding/,/^## /p' "$here/../../README.md") \
    >"$work/minimal.c"
[ -s "$work/minimal.c" ] || wrong "README has no example under Embedding"
# shellcheck disable=SC2046
quietly "${CC:-cc}" -g -Wall -Wextra -Werror "${flags[@]}" "$here/supervisor.c" -o "$work/supervisor" \
    $(pkg-config --cflags --libs cloudsign) -Wl,-rpath,"$lib"
# shellcheck disable=SC2046
quietly "${CC:-cc}" -Wall -Wextra -Werror "${flags[@]}" "$work/minimal.c" -o "$work/minimal" \
    $(pkg-config --cflags --libs cloudsign) -Wl,-rpath,"$lib"
# shellcheck disable=SC2046
quietly "${CC:-cc}" -g -Wall -Wextra -Werror "${flags[@]}" "$here/supervisor.c" -o "$work/supervisor-static" \
    $(pkg-config --cflags cloudsign) "$lib/libcloudsign.a" \
    $(pkg-config --static --libs cloudsign | sed 's/-lcloudsign//')
! readelf -d "$work/supervisor-static" | grep libcloudsign >/dev/null || wrong "not static"
ok "pkg-config: supervisor and README's example against the shared library, supervisor against the static one"

quietly cmake -S "$here/outside" -B "$work/outside" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_C_FLAGS="${flags[*]}" -DSUPERVISOR="$here/supervisor.c" -DMINIMAL="$work/minimal.c"
quietly cmake --build "$work/outside"
printf 'find_package(cloudsign 0.2 REQUIRED)\n' >"$work/wrong.cmake"
if cmake -DCMAKE_PREFIX_PATH="$work/prefix" -P "$work/wrong.cmake" >"$log" 2>&1; then
    wrong "find_package takes another version"
fi
ok "find_package(cloudsign 0.1): supervisor shared and static; 0.2 is refused"

# ---- the example runs --------------------------------------------------------------------

mkdir -m 700 "$work/data"
code=0
"$work/minimal" "$work/data" "not a pairing key" "$(openssl rand -hex 32)" >"$work/out" 2>&1 </dev/null || code=$?
[ $code -eq 78 ] && grep -q PAIRING_KEY "$work/out" || { cat "$work/out"; wrong "README's example: exit $code, not 78"; }
ok "README's example says what is wrong with its pairing key"
