#!/usr/bin/env bash
# Installs the system packages ieum builds and runs on, where any is missing. Safe to run again: it then does nothing.
set -euo pipefail

packages=(
  build-essential pkg-config unzip python3 python3-venv python3-pip
  libtorch-dev libdnnl-dev libopenblas-dev libhdf5-dev libfaiss-dev
  libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libswresample-dev
  libjpeg-dev librsvg2-dev libsentencepiece-dev libssl-dev zlib1g-dev
  gnuplot-nox fonts-nanum fontconfig
  tuxpaint-stamps-default openclipart-svg fonts-noto-color-emoji unicode-cldr-core
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
  echo "setup: installing ${missing[*]}" >&2
  elevate=()
  if [ "$(id -u)" != 0 ]; then elevate=(sudo); fi
  "${elevate[@]}" apt-get update -q >&2
  "${elevate[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
fi

command -v swift >/dev/null || {
  echo "setup: no 'swift' on the PATH; install Swift 6.3 from swift.org and run this again" >&2
  exit 1
}
