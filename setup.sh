#!/bin/sh
# Installs what Biji needs to be built, on Debian 12 or 13 and Ubuntu. Safe to run again: what is there is left alone.
# usage: ./setup.sh [page|all]    page: what the web page needs; all (default): the trainer and the tests as well
set -eu
cd "$(dirname "$0")"
what=${1:-all}
case $what in page|all) ;; *) sed -n '3p' "$0"; exit 2 ;; esac

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
node_major() { node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/'; }

# ---- system packages -----------------------------------------------------------------------------------------------
# node-acorn: em++ -O2 needs it. xz-utils: unpacks Dear ImGui.
page='cmake ninja-build make emscripten node-acorn xz-utils'
# libopenblas0-pthread: LibTorch multiplies thirty times faster than with the reference BLAS. clang: the fuzz targets.
all='g++ libtorch-dev libdnnl-dev libgloo-dev libopenblas0-pthread libcli11-dev nlohmann-json3-dev libarchive-dev libonnx-dev
libprotobuf-dev protobuf-compiler libpng-dev libturbojpeg0-dev libexif-dev zlib1g-dev libssl-dev libcurl4-openssl-dev googletest
chromium clang libclang-rt-dev'

if command -v apt-get >/dev/null 2>&1; then
  packages=$page
  command -v node >/dev/null 2>&1 || packages="$packages nodejs"
  command -v npm >/dev/null 2>&1 || packages="$packages npm"
  [ "$what" = page ] || packages="$packages $all"
  missing=
  for package in $packages; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1 ||
      fail "these packages are missing and neither root nor sudo is at hand. As root: apt-get install$missing"
    say "installing$missing"
    as_root apt-get update -q || say "apt-get update failed; trying with the package lists that are here"
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing ||
      fail "apt-get could not install:$missing"
  fi
else
  for tool in cmake ninja em++ node npm; do
    command -v $tool >/dev/null 2>&1 || fail "$tool is missing and there is no apt-get here. README.md, 'Other systems', says what to install."
  done
fi

# ---- Node.js packages ----------------------------------------------------------------------------------------------
# Debian 12's own Node.js is 18; npm carries newer ones as plain packages.
if [ "$(node_major)" -lt 20 ] && [ ! -x .deps/node/bin/node ]; then
  case $(uname -m) in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) fail "Node.js 20 or later is needed, not $(node --version)" ;; esac
  say "Node.js $(node --version) is too old; taking version 22 from npm into .deps/node"
  rm -rf .deps/node.next
  mkdir -p .deps/node.next
  npm install --no-audit --no-fund --loglevel=error --no-save --no-package-lock --prefix .deps/node.next \
    "node-linux-$arch@22" || fail 'npm could not fetch it. Install Node.js 20 or later some other way and try again.'
  rm -rf .deps/node
  mv ".deps/node.next/node_modules/node-linux-$arch" .deps/node
  rm -rf .deps/node.next
fi
[ ! -x .deps/node/bin/node ] || PATH=$PWD/.deps/node/bin:$PATH

if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say 'installing npm packages'
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || fail 'npm could not install them; see above.'
  touch node_modules/.package-lock.json
fi

# ---- Dear ImGui ----------------------------------------------------------------------------------------------------
# Distributions ship it as source. The newest is wanted, which only the development suite has, so it is fetched with
# package lists of its own: the system's stay as they are.
imgui=${BIJI_IMGUI_DIR:-.deps/imgui}
if [ ! -f "$imgui/imgui.h" ]; then
  hint='Unpack Dear ImGui 1.92 or later anywhere and set BIJI_IMGUI_DIR to that folder.'
  [ "$imgui" = .deps/imgui ] || fail "BIJI_IMGUI_DIR is $imgui, but there is no imgui.h in it."
  command -v apt-get >/dev/null 2>&1 || fail "Dear ImGui is missing. $hint"
  say 'fetching Dear ImGui'
  # The mirror that this system uses already; the suite that the distribution develops in.
  site=$(apt-get indextargets --format '$(SITE) $(ORIGIN) $(COMPONENT)' 'Identifier: Packages' |
    awk '$1 !~ /security/ && ($2 == "Debian" && $3 == "main" || $2 == "Ubuntu" && $3 == "universe") {print $1, $2; exit}')
  origin=${site#* }
  site=${site% *}
  case $origin in
    Debian) suite='unstable main' ;;
    Ubuntu) suite='devel universe' ;;
    *) fail "no Debian or Ubuntu mirror is set up for apt. $hint" ;;
  esac
  rm -rf .deps/apt
  mkdir -p .deps/apt/lists/partial
  echo "deb-src $site $suite" >.deps/apt/sources.list
  own="-q -o Dir::State::Lists=$PWD/.deps/apt/lists -o Dir::Etc::SourceList=$PWD/.deps/apt/sources.list
    -o Dir::Etc::SourceParts=/dev/null -o APT::Get::List-Cleanup=false -o APT::Sandbox::User=$(id -un)
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Acquire::Check-Valid-Until=false"  # a mirror that lags will do
  # shellcheck disable=SC2086
  (apt-get $own update && cd .deps/apt && apt-get $own source --download-only imgui) >.deps/apt.log 2>&1 ||
    { tail -n 5 .deps/apt.log >&2; fail "apt could not fetch Dear ImGui from $site. $hint"; }
  mkdir -p .deps/apt/imgui
  tar -xJf .deps/apt/imgui_*.orig.tar.xz -C .deps/apt/imgui --strip-components=1
  grep -q '^#define IMGUI_VERSION_NUM *19[2-9]' .deps/apt/imgui/imgui.h ||
    fail "this distribution's Dear ImGui is older than 1.92. $hint"
  rm -rf .deps/imgui
  mv .deps/apt/imgui .deps/imgui
  rm -rf .deps/apt .deps/apt.log
fi
say 'ready'
