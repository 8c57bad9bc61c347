#!/usr/bin/env python3
"""Golden files of the text tests: a WordPiece vocabulary, a SentencePiece model, and the ids that the reference
libraries give for awkward texts.

Usage: text.py [OUT]   (default: Tests/DatasetsTests/Golden/text beside this repository's root)
Needs transformers and sentencepiece; their versions are recorded in text.json.
"""
import json
import pathlib
import random
import sys
import unicodedata

import sentencepiece
import transformers

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                   pathlib.Path(__file__).resolve().parents[2] / "Tests/DatasetsTests/Golden/text")

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = """the a of and dog cat bird running house red blue naive resume cafe over jump film movie woman people un able
super market photo graph photograph 나는 건강 운동 위해 매주 한다 사람 고양이 나 는 을 한 국 日本 漢 字""".split()
SUFFIXES = "ing s ed able graph market er 는 을 를 에서 강 다 ness ly".split()

TEXTS = [
    "", " ", "\t\n\r", "the dog", "The DOG", "  the   dog  ", "the\u00a0dog", "the\u3000cat", "the\u2003cat\u2009dog",
    "dogs jumping over the house", "unable", "unableness", "supermarkets", "photographer's café", "Café", "cafe\u0301",
    "naïve résumé", "NAÏVE RÉSUMÉ", "ÀÉÎÕÜ", "Ångström", "A\u030angstro\u0308m", "straße STRASSE", "ẞ", "İstanbul ıI", "ΣΊΣΥΦΟΣ",
    "Οδυσσεύς", "ЁЖИК ёжик й", "Ø ø Ł ł Đ đ", "ﬁlm ﬂower", "½ ² ³ ①", "Ⅻ", "x\u0000y", "x\ufffdy", "a\u200bb", "a\u200db",
    "a\u00adb", "\ufeffthe dog", "a\u2028b", "a\u2029b", "a\u0085b", "a\u000bb", "a\u000cb", "a\u001cb", "a\u001fb", "a\u007fb",
    "a\ue000b", "a\U000f0000b", "a\u0378b", "a\u202eb", "a\u2060b", "a\u180eb", "a\u1680b", "\u061cab",
    "it's", "don't!", "red,blue", "red, blue.", "(red)[blue]{cat}", "a-b_c", "a–b—c", "“red” ‘blue’", "«cat»", "…", "¿qué?", "¡hola!",
    "100% $5 €7 ₩1,000", "1+1=2", "a^b`c~d|e<f>g", "C:\\dir", "#tag @name", "e.g.", "3.14", "10,000", "©®™", "° § ¶ † ‡", "·・‧",
    "日本", "漢字かな交じり", "東京タワーへ行く", "中文和English混合", "。、「」", "！？", "㐀𠀀", "豈", "豈更", "\u2f800", "丽", "ｆｕｌｌ　ｗｉｄｔｈ", "ｶﾞ",
    "나는 건강을 위해 매주 운동을 한다", "고양이가", unicodedata.normalize("NFD", "나는 건강을 한다"), "한국어, 사람들!", "ㄱㄴㄷ", "ㅋㅋㅋ", "가\u11a8",
    "😀", "dog 😀 cat", "dog😀cat", "👩‍👩‍👧", "👍🏽", "🇰🇷", "☺️", "❤️", "🥲", "🫠", "🫨", "1️⃣",
    "हिन्दी", "ภาษาไทย", "العربية", "عَرَبِيّ", "עִבְרִית", "ខ្មែរ", "தமிழ்", "Tiếng Việt", "ǅ ǆ", "ﷺ", "ı̇", "q\u0307\u0323",
    "a" * 100, "a" * 101, "é" * 60, "cat" * 34, "dog" * 33 + "s", "zzzz", "qqq the", "thé", "dogqcat",
    "[CLS]", "[SEP] the", "the[MASK]dog", "[mask]", "[UNK]", "[PAD][PAD]", "[ CLS ]", "[CLS", "##s", "# # s", "[[SEP]]",
    "the dog " * 10, "a\nb\nc", "tab\tseparated", "\u0301", "\u0301a", "a \u0301 b", "\ufe0f", "x\u20e3", "a\u0488b", "ᾳ", "ΐ", "ŉ", "ǰ",
    "Å", "Ω", "K", "\u0340\u0341", "\u0344", "가나다라마바사", "ꙮ", "𝔘𝔫𝔦", "𐐀𐐨", "Ꭰꭰ", "ⓐⒶ",
]


def vocabulary():
    pieces = list(SPECIALS)
    characters = set()
    for text in TEXTS:
        for form in (text, text.lower(), unicodedata.normalize("NFD", text.lower())):
            characters.update(form)
    usable = sorted(c for c in characters if unicodedata.category(c)[0] not in "ZC" and c not in "qQ🥲")
    for piece in usable + ["##" + c for c in usable] + WORDS + ["##" + s for s in SUFFIXES]:
        if piece not in pieces:
            pieces.append(piece)
    return pieces


def wordpiece():
    path = OUT / "vocab.txt"
    path.write_bytes(("\n".join(vocabulary()) + "\n").encode())
    rows = []
    uncased = transformers.BertTokenizerFast(str(path), do_lower_case=True)
    cased = transformers.BertTokenizerFast(str(path), do_lower_case=False)
    for text in TEXTS:
        rows.append({"text": text, "uncased": uncased(text)["input_ids"], "cased": cased(text)["input_ids"],
                     "short": uncased(text, truncation=True, max_length=6)["input_ids"]})
    uncased.backend_tokenizer.save(str(OUT / "tokenizer.json"), pretty=False)
    return rows


def sentencepiece_model():
    generator = random.Random(7)
    words = "나는 너는 건강을 건강이 위해 매주 운동을 운동이 한다 했다 사람이 영화를 본다 고양이가 개와 바다에서 the dog runs over hills".split()
    lines = [" ".join(generator.choices(words, k=generator.randint(3, 9))) for _ in range(400)]
    corpus = OUT / "corpus.tmp"
    corpus.write_text("\n".join(lines), encoding="utf-8")
    # The library's own NFKC table takes 240 kB; this model composes the syllables of its corpus and folds full width.
    rules = OUT / "rules.tmp"
    foldings = [(unicodedata.normalize("NFD", c), c) for c in sorted(set("".join(lines))) if "가" <= c <= "힣"]
    foldings += [(chr(code + 0xFEE0), chr(code)) for code in range(33, 127)] + [("\u3000", " "), ("\n", " "), ("\t", " ")]
    code_points = lambda text: " ".join(f"{ord(c):X}" for c in text)
    rules.write_text("".join(f"{code_points(a)}\t{code_points(b)}\n" for a, b in foldings))
    sentencepiece.SentencePieceTrainer.train(
        normalization_rule_tsv=str(rules), input=str(corpus), model_prefix=str(OUT / "tiny"), vocab_size=120, hard_vocab_limit=False, unk_id=0, pad_id=1,
        bos_id=-1, eos_id=-1, unk_piece="[UNK]", pad_piece="[PAD]", control_symbols=["[CLS]", "[SEP]", "[MASK]"],
        num_threads=1, minloglevel=2)
    corpus.unlink()
    rules.unlink()
    (OUT / "tiny.vocab").unlink()
    model = sentencepiece.SentencePieceProcessor(model_file=str(OUT / "tiny.model"))
    first, last = model.piece_to_id("[CLS]"), model.piece_to_id("[SEP]")
    texts = ["나는 건강을 위해 매주 운동을 한다", "the dog", "", "  ", "😀", "고양이가 바다에서", "THE DOG", "나는\n너는", "ｔｈｅ", "[CLS] the",
             unicodedata.normalize("NFD", "건강을"), "unknown 漢字", "the dog runs " * 5]
    rows = [{"text": text, "ids": [first] + model.encode(text) + [last]} for text in texts]
    return {"size": model.get_piece_size(), "first": first, "last": last, "padding": model.pad_id(), "rows": rows}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    golden = {"versions": {"transformers": transformers.__version__, "sentencepiece": sentencepiece.__version__},
              "wordpiece": wordpiece(), "sentencepiece": sentencepiece_model()}
    (OUT / "text.json").write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main()
