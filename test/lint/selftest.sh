#!/usr/bin/env bash
# The checks themselves: each must go red on a tree with one planted violation, and
# stay green without it.   selftest.sh SOURCE_DIR COMPILER
set -euo pipefail
source_dir=$1 cc=$2
here=$source_dir/test/lint
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

expect() { # RESULT(0|1) WHAT COMMAND...
    local want=$1 what=$2 got=0
    shift 2
    "$@" >"$work/out" 2>&1 || got=1
    if [ "$got" -eq "$want" ]; then
        printf 'ok    %s\n' "$what"
    else
        printf 'WRONG %s (result %s)\n' "$what" "$got"
        sed 's/^/      /' "$work/out"
        failed=1
    fi
}

fresh() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree"/{src/{base,crypto,mpc,chain,wire,store,net},test,include}
    cat >"$work/tree/CMakeLists.txt" <<'TREE'
cs_layer(base NEEDS dep::sodium)
cs_layer(crypto USES base NEEDS dep::sodium)
cs_layer(mpc USES crypto base NEEDS dep::sodium)
cs_layer(chain USES base)
cs_layer(wire USES base NEEDS dep::jansson)
cs_layer(kms USES base)
cs_layer(store USES base)
cs_layer(policy USES base)
cs_layer(node_core DIRS node/core USES base)
cs_layer(platform_core DIRS platform/core USES base)
cs_layer(net USES base NEEDS dep::uv)
TREE
    printf '#include <stdint.h>\nint cs_base_thing(void);\n' >"$work/tree/src/base/thing.h"
    printf '#include "base/thing.h"\n#include <sodium.h>\n' >"$work/tree/src/mpc/round.c"
}
plant() { printf '%s\n' "$2" >>"$work/tree/$1"; }

fresh; expect 0 "layers: a clean tree" "$here/layers.sh" "$work/tree"
plant src/base/thing.h '#include "mpc/round.c"'
expect 1 "layers: base includes mpc" "$here/layers.sh" "$work/tree"
fresh; plant src/mpc/round.c '#include <uv.h>'
expect 1 "layers: mpc includes uv.h" "$here/layers.sh" "$work/tree"
fresh; plant src/mpc/round.c '#include <time.h>'
expect 1 "layers: mpc includes time.h" "$here/layers.sh" "$work/tree"
fresh; plant src/net/x.c '#include <jansson.h>'
expect 1 "layers: net includes a library that it does not name" "$here/layers.sh" "$work/tree"
fresh; mkdir "$work/tree/src/stray"; plant src/stray/x.c '#include <stdint.h>'
expect 1 "layers: a folder of no layer" "$here/layers.sh" "$work/tree"
fresh; sed -i 's/cs_layer(base /cs_layer(base USES net /' "$work/tree/CMakeLists.txt"
expect 1 "layers: base uses a layer below it" "$here/layers.sh" "$work/tree"
fresh; sed -i 's/USES crypto base/USES net base/' "$work/tree/CMakeLists.txt"
expect 1 "layers: a pure layer uses net" "$here/layers.sh" "$work/tree"

logs_tree() {
    fresh
    printf '#define CS_LOG_MODULES(X) X(a) X(b) X(c) X(d) X(e) X(f) X(other)\n\n' >"$work/tree/src/base/log.h"
    for m in a b c d e f; do plant src/net/log.c "cs_log(CS_LOG_INFO, \"$m\", \"x\");"; done
}
logs_tree; expect 0 "logs: a clean tree" "$here/logs.sh" "$work/tree"
plant src/net/log.c 'cs_log(CS_LOG_INFO,
   "g", "x");'
expect 1 "logs: a module that LOG_LEVEL cannot name" "$here/logs.sh" "$work/tree"
logs_tree; sed -i 's/X(f)/X(f) X(g)/' "$work/tree/src/base/log.h"
expect 1 "logs: a module that nobody uses" "$here/logs.sh" "$work/tree"
logs_tree; plant src/net/x.c '(void)fprintf(stderr, "x");'
expect 1 "logs: a library that prints" "$here/logs.sh" "$work/tree"

fresh; expect 0 "calls: a clean tree" "$here/calls.sh" "$work/tree"
plant src/base/a.c 'void f(char *a) { strcpy(a, "x"); }'
expect 1 "calls: strcpy" "$here/calls.sh" "$work/tree"
fresh; plant src/mpc/a.c 'int f(void *a) { return memcmp(a, share, 1); }'
expect 1 "calls: memcmp of a share" "$here/calls.sh" "$work/tree"
fresh; plant src/wire/a.c 'void f(void) { printf("x"); }'
expect 1 "calls: a library prints" "$here/calls.sh" "$work/tree"
fresh; plant test/x.sh "curl https://registry.np""mjs.org/x"
expect 1 "calls: host of a registry" "$here/calls.sh" "$work/tree"
fresh; plant src/wire/a.c "int x; /* TO""DO later */"
expect 1 "calls: unfinished word" "$here/calls.sh" "$work/tree"

fresh; expect 0 "sizes: a clean tree" "$here/sizes.sh" "$work/tree"
plant src/base/long.c "$(printf 'int f(void)\n{\n'; yes '    ;' | head -61; printf '}\n')"
expect 1 "sizes: a function of 61 lines" "$here/sizes.sh" "$work/tree"
fresh; plant src/base/long.c "$(yes '/* */' | head -801)"
expect 1 "sizes: a file of 801 lines" "$here/sizes.sh" "$work/tree"

ct_tree() { # a covered function, one that is called by it, one that sees nothing secret
    fresh
    mkdir -p "$work/tree/test"/{ct,unit}
    printf 'void cs_a(struct cs_n *o, const struct cs_n *a);\nvoid cs_b(const uint8_t seed[32]);\n' \
        >"$work/tree/src/crypto/a.h"
    printf 'void cs_a(struct cs_n *o, const struct cs_n *a)\n{\n    cs_b(a->v);\n}\n' >"$work/tree/src/crypto/a.c"
    printf 'void run(void) { cs_a(&o, &s); }\n' >"$work/tree/test/ct/ct_a.c"
    printf 'cs_a ct\ncs_b via cs_a\n' >"$work/tree/test/ct/inventory"
}
inventory=$source_dir/test/ct/inventory.sh
ct_tree; expect 0 "inventory: all covered" "$inventory" "$work/tree"
plant src/mpc/c.h 'void cs_c(const struct cs_secret *x);'
expect 1 "inventory: a new function with a secret" "$inventory" "$work/tree"
ct_tree; plant src/mpc/c.h 'int cs_c(int a,
    const uint8_t local32[32]);'
expect 1 "inventory: a new function with a secret by its name" "$inventory" "$work/tree"
ct_tree; plant test/ct/inventory 'cs_gone none wipes'
expect 1 "inventory: a row of a function that is gone" "$inventory" "$work/tree"
ct_tree; echo 'void run(void) {}' >"$work/tree/test/ct/ct_a.c"
expect 1 "inventory: no program calls it" "$inventory" "$work/tree"
ct_tree; echo 'void cs_a(struct cs_n *o, const struct cs_n *a) {}' >"$work/tree/src/crypto/a.c"
expect 1 "inventory: its caller does not call it" "$inventory" "$work/tree"
ct_tree; printf 'cs_a ct\ncs_b none\n' >"$work/tree/test/ct/inventory"
expect 1 "inventory: no reason" "$inventory" "$work/tree"

archive() { # NAME SOURCE
    printf '%s\n' "$2" | "$cc" -w -O2 -c -x c - -o "$work/$1.o"
    rm -f "$work/$1.a"
    ar rcs "$work/$1.a" "$work/$1.o"
}
archive base 'void *memcpy(void *, const void *, unsigned long);
void *(*volatile cs_p)(void *, const void *, unsigned long) = memcpy;
void cs_base(void) {}'
archive mpc 'void cs_base(void); void cs_mpc(void) { cs_base(); }'
expect 0 "purity: allowed calls" "$here/purity.sh" base="$work/base.a" mpc="$work/mpc.a"
for call in time clock_gettime open read write printf puts getrandom getenv \
    uv_run lws_write mdb_get randombytes_buf pthread_create json_load_file cs_os_clock; do
    archive mpc "void cs_base(void); void $call(void); void cs_mpc(void) { cs_base(); $call(); }"
    expect 1 "purity: mpc calls $call" "$here/purity.sh" base="$work/base.a" mpc="$work/mpc.a"
done
exit $failed
