#!/usr/bin/env bash
# The test KMS behaves: AWS's own client talks to it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=kms-lib.sh
source "$E_HERE/kms-lib.sh"

k_files
node "$E_HERE/../harness/kms.mjs" selftest "$K_DIR"
