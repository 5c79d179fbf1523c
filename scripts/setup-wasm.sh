#!/usr/bin/env bash
# Makes `cargo build --target wasm32-unknown-unknown` possible with the rustc that is here, by the first way that works:
#   1. a std for the target is installed          -> used
#   2. `rustup target add` gets one               -> used
#   3. rust-src of rustc's own version (installed, by rustup, or the distribution's package unpacked in .toolchain)
#                                                 -> cargo -Zbuild-std
# Writes .toolchain/env.sh: WASM_BUILD_STD (0 or 1) and WASM_SRC_ROOT (empty, or the `library` folder of rust-src).
# Run again, it answers at once as long as what it found is still there.
set -euo pipefail
cd "$(dirname "$0")/.."
TARGET=wasm32-unknown-unknown
DIR=${WASM_TOOLCHAIN_DIR:-$PWD/.toolchain}
mkdir -p "$DIR"; DIR=$(cd "$DIR" && pwd)
VERSION=$(rustc --version | awk '{print $2}'); VERSION=${VERSION%%-*}
SYSROOT=$(rustc --print sysroot)

log() { printf 'setup-wasm: %s\n' "$*" >&2; }

has_std() { compgen -G "$SYSROOT/lib/rustlib/$TARGET/lib/libcore-*.rlib" >/dev/null; }

# Prints a folder that holds the workspace of std, of exactly this rustc's version.
source_root() {
  local folder
  for folder in "$SYSROOT/lib/rustlib/src/rust/library" "$DIR/rust-src-$VERSION/library"; do
    if [[ -f $folder/Cargo.lock && -f $folder/std/Cargo.toml ]]; then echo "$folder"; return 0; fi
  done
  return 1
}

write_environment() {
  printf 'export WASM_BUILD_STD=%q\nexport WASM_SRC_ROOT=%q\n' "$1" "$2" >"$DIR/env.sh.part"
  mv "$DIR/env.sh.part" "$DIR/env.sh"
}

# The archives that this machine already uses for the distribution itself.
debian_archives() {
  local found
  found=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Created-By: Packages' 2>/dev/null |
    awk '$2 == "Debian" && $3 == "Debian" { print $1 }' | sort -u)
  if [[ -z $found ]]; then # no index fetched yet: read the configuration
    found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
      sed -n 's/^URIs:[[:space:]]*//p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' | grep -E '/debian/?$' | sort -u)
  fi
  [[ -n $found ]] && printf '%s\n' "$found"
}

# Unpacks the distribution's rust-src into $DIR. Own package lists and cache: the system's are not touched, root is not
# needed, and the signatures are checked with the system's keyring.
source_from_debian() {
  command -v apt-get >/dev/null || { log "no apt-get here"; return 1; }
  local tmp archives archive suite candidate library
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed=
  archives=$(debian_archives) || { log "apt has no Debian archive configured"; return 1; }
  [[ -f $keyring ]] && signed="[signed-by=$keyring]"
  tmp=$(mktemp -d "$DIR/apt.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf -- '$tmp'" EXIT
  mkdir -p "$tmp"/{lists/partial,cache/archives/partial,parts}
  local options=(-q -o "Dir::Etc::sourcelist=$tmp/sources.list" -o "Dir::Etc::sourceparts=$tmp/parts"
    -o "Dir::State::lists=$tmp/lists" -o "Dir::Cache=$tmp/cache" -o APT::Get::List-Cleanup=0
    -o Acquire::Languages=none -o Acquire::Retries=2 -o APT::Sandbox::User=root)
  local codename; codename=$(. /etc/os-release; echo "${VERSION_CODENAME:-stable}")
  for archive in $archives; do
    for suite in "$codename-backports" stable-backports stable testing unstable oldstable-backports; do
      echo "deb $signed $archive $suite main" >"$tmp/sources.list"
      if ! apt-get "${options[@]}" update >"$tmp/update.log" 2>&1; then
        log "suite $suite: $(grep -m1 -E '^(E|W|Err)' "$tmp/update.log" || echo 'no index')"; continue
      fi
      candidate=$(apt-cache "${options[@]}" madison rust-src 2>/dev/null | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' |
        grep -E "^${VERSION//./\\.}([+~-]|$)" | head -1) || true
      [[ -n $candidate ]] || continue
      log "rust-src $candidate from suite $suite"
      if ! (cd "$tmp" && apt-get "${options[@]}" download "rust-src=$candidate" >download.log 2>&1); then
        log "download failed: $(tail -n1 "$tmp/download.log")"; continue
      fi
      mkdir -p "$tmp/unpacked"
      dpkg-deb --fsys-tarfile "$tmp"/rust-src_*.deb |
        tar -x -C "$tmp/unpacked" --wildcards './usr/src/rustc-*/library/*' || true
      library=$(echo "$tmp"/unpacked/usr/src/rustc-*/library)
      [[ -f $library/Cargo.lock && -f $library/std/Cargo.toml ]] || { log "the package has no library workspace"; continue; }
      rm -rf "$DIR/rust-src-$VERSION"; mkdir "$DIR/rust-src-$VERSION"
      mv "$library" "$DIR/rust-src-$VERSION/library"
      return 0
    done
  done
  log "no suite has rust-src $VERSION"; return 1
}

# A limit of seconds where the system has `timeout`.
limited() { if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi; }

if has_std; then
  write_environment 0 ''; log "std for $TARGET is installed"; exit 0
fi
if [[ -f $DIR/env.sh ]] && grep -q 'WASM_BUILD_STD=1' "$DIR/env.sh" && root=$(source_root); then
  write_environment 1 "$root"; log "std is built from rust-src $VERSION"; exit 0
fi
if command -v rustup >/dev/null && limited 180 rustup target add "$TARGET" >"$DIR/rustup.log" 2>&1 && has_std; then
  write_environment 0 ''; log "rustup target add $TARGET: done"; exit 0
fi
log "rustup target add: $(tail -n1 "$DIR/rustup.log" 2>/dev/null | cut -c1-120); building std from source"
if ! source_root >/dev/null && command -v rustup >/dev/null; then
  limited 120 rustup component add rust-src >/dev/null 2>&1 || true
fi
source_root >/dev/null || source_from_debian || true
root=$(source_root) || {
  log "no WebAssembly std for rustc $VERSION: run 'rustup target add $TARGET' where rustup can reach its server"; exit 1
}
write_environment 1 "$root"; log "std is built from rust-src $VERSION"
