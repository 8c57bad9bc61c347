"""Writes the reference files of the CLIP tokenizer tests: the first merges of the published vocabulary, and the ids that
open_clip's tokenizer (which is OpenAI's) gives with them.

    python scripts/golden/clip_tokenizer.py      (open-clip-torch, ftfy; versions are in the file)

With `--full FILE` it prints ids of the lines of FILE under the whole vocabulary instead, to compare by hand.
"""

import gzip
import importlib.metadata
import json
import pathlib
import sys

sys.modules["torchaudio"] = None  # its extension is not needed, and not always loadable

import open_clip
from open_clip.tokenizer import SimpleTokenizer, default_bpe

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "DatasetsTests" / "Golden" / "text"
# open_clip writes the two special tokens otherwise than OpenAI, so no text holds them.
# Enough for every id of the texts below that comes from a merge; the whole file would be ten times as large.
MERGES = 26_800

# The vectors of the sheet, published with CLIP's own code.
KNOWN = {
    "a photo of a cat": [320, 1125, 539, 320, 2368], "hello world!": [3306, 1002, 256],
    "Hello,   World!!  it's 2021": [3306, 267, 1002, 748, 585, 568, 273, 271, 273, 272],
    "a man's dog &amp; cat": [320, 786, 568, 1929, 261, 2368], "café": [15304], "남자": [27252, 101, 20849, 494],
}
TEXTS = list(KNOWN) + [
    "", " ", "스튜디오에서 전화를 받는 남자", "방송국에서 이야기하는 남자", "A LITTLE girl's bike, they're can't we'll I'd I'm you've",
    "'s 't 'x rock'n'roll", "1st 22nd 3.14 10,000 ½ ² ① Ⅻ", "e\u0301te\u0301 naïve NAÏVE", "日本語のテキスト、東京", "😀👩‍👩‍👧 ❤️",
    "a\tb\nc\u00a0d\u2003e", "ΟΔΟΣ ΣΑΣ Σ", "İstanbul ıI ẞ", "man’s “dog” ‘x’", "cafÃ© crÃ¨me schÃ¶n", "l’Ã©tÃ©", "â€œquoteâ€\x9d",
    "ðŸ˜€", "Ã", "naïve Â", "CAFÉ” and “É”", "Ａ ｄｏｇ！　ｗｉｄｅ", "ﬁne ﬂower Ĳssel", "a\x07b\x1b[31mred\x1b[0m", "x\u200by\ufeffz",
    "&lt;b&gt; &amp;amp; &eacute; &#39; &#x1F600; &notit; &copy &#128; &bogus; & ;", 
    "_under_ __ -- ... !!??", "a" * 80, "हिन्दी ภาษาไทย العربية", "http://example.org/a?b=c&d=e", "#tag @name C++ C#", "don‘t",
    "ë‚¨ìž\u0090", "Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "Ñandú Ð", "ﾊﾟ ㈱ ㎏", "Ω Å K", "x\u2028y", "\u3000", "&", "&amp", "AT&T", "R&D;", "don't stop", "two  dogs , one cat .", "강아지와 고양이", "café” – “été”",
]


def main():
    lines = gzip.open(default_bpe()).read().decode().split("\n")
    path = OUT / "clip-merges.txt.gz"
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as file:
        file.write("\n".join(lines[: MERGES + 1]).encode())
    tokenizer = SimpleTokenizer(bpe_path=str(path))
    whole = SimpleTokenizer()
    rows = []
    for text in TEXTS:
        ids = tokenizer.encode(text)
        assert KNOWN.get(text, ids) == ids, (text, ids)
        limited = tokenizer([text], context_length=8)[0].tolist()
        end = tokenizer.eot_token_id
        rows.append({"text": text, "ids": ids, "eight": limited[: limited.index(end) + 1]})
    versions = {name: importlib.metadata.version(name) for name in ("open-clip-torch", "ftfy", "regex")}
    (OUT / "clip-tokenizer.json").write_text(json.dumps(
        {"versions": versions, "size": len(tokenizer.encoder), "rows": rows}, ensure_ascii=False, indent=0))
    print(len(whole.encoder), [len(whole.encode(t)) for t in TEXTS[8:10]])


if len(sys.argv) == 3 and sys.argv[1] == "--full":
    tokenizer = SimpleTokenizer()
    for line in open(sys.argv[2], encoding="utf-8"):
        print(" ".join(map(str, tokenizer.encode(line.rstrip("\n")))))
else:
    main()
