#!/usr/bin/env bash
# Compiles kernels/*.ts (AssemblyScript) into src/core/kernels/*-wasm.ts, which are checked in: neither running nor
# building the product needs the compiler, 100 MB with its optimiser. With --check nothing is written: exit code 1
# where what is checked in is not what the sources say.
set -euo pipefail
cd "$(dirname "$0")/.."

compiler=assemblyscript@0.28.20
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for source in kernels/*.ts; do
  name=$(basename "$source" .ts)
  npx --yes --package="$compiler" asc "$source" -o "$out/$name.wasm" \
    -O3 --runtime stub --noAssert --enable simd --importMemory --memoryBase 65536
  {
    echo "/** Made from \`$source\` by \`scripts/build-kernels.sh\`: do not edit. */"
    echo 'export const HEX ='
    od -An -v -tx1 -w40 "$out/$name.wasm" | tr -d ' ' | sed "s/.*/  '&' +/; \$s/ +\$/;/"
  } >"$out/$name-wasm.ts"
  if [[ ${1:-} == --check ]]; then
    diff "$out/$name-wasm.ts" "src/core/kernels/$name-wasm.ts"
  else
    cp "$out/$name-wasm.ts" "src/core/kernels/$name-wasm.ts"
  fi
done
