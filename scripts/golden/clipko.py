"""Writes the weights of the clipko2022 miniature (Tests/CommandTests/Golden/clipko): a tiny random CLIP and a multilingual
text side of its space, in the files in which the real ones are published.

    python scripts/golden/clipko.py      (torch, transformers, safetensors)

clip/ViT-B-32.pt is OpenAI's TorchScript archive, with a merge file beside it; huggingface/ holds the same weights as
transformers saves them; clip-multilingual/ is a sentence-transformers folder (DistilBERT, WordPiece, 2_Dense).
"""

import pathlib

from clip import Holder, halves, openai_names, randomise, sentence_transformers

import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, DistilBertConfig, DistilBertModel

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "CommandTests" / "Golden" / "clipko"
WIDTH = 16
MERGES = ["r e", "re d</w>", "b l", "bl u", "blu e</w>", "g re"]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "빨간", "파란", "초록", "##색", "원", "별", "네", "##모", "##이",
          "움직", "##인다", "a", "red", "blue", "green", "circle", "star", "square", "moves"]


def clip():
    vision = dict(hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2, num_attention_heads=1, image_size=24,
                  patch_size=8, projection_dim=WIDTH)
    size = 512 + len(MERGES) + 2
    text = dict(hidden_size=WIDTH, intermediate_size=4 * WIDTH, num_hidden_layers=4, num_attention_heads=1, vocab_size=size,
                max_position_embeddings=77, bos_token_id=size - 2, eos_token_id=size - 1, pad_token_id=0, projection_dim=WIDTH)
    config = CLIPConfig(vision_config=vision, text_config=text, projection_dim=WIDTH)
    model = randomise(CLIPModel(config), 11)
    model.logit_scale.fill_(3.0)
    (OUT / "clip").mkdir(parents=True, exist_ok=True)
    (OUT / "huggingface").mkdir(exist_ok=True)
    save_file(halves(model.state_dict()), OUT / "huggingface" / "model.safetensors")
    (OUT / "huggingface" / "config.json").write_text(config.to_json_string())
    holder = Holder()
    for name, value in openai_names(model.state_dict()).items():
        holder.put(name, value.half())
    for name, number in [("input_resolution", 24), ("context_length", 77), ("vocab_size", size)]:
        holder.put(name, torch.tensor(number))
    torch.jit.save(torch.jit.script(holder), str(OUT / "clip" / "ViT-B-32.pt"))
    (OUT / "clip" / "merges.txt").write_text("\n".join(["#version: 0.2"] + MERGES) + "\n")


def multilingual():
    folder = OUT / "clip-multilingual"
    folder.mkdir(exist_ok=True)
    config = DistilBertConfig(vocab_size=len(PIECES), dim=WIDTH, hidden_dim=2 * WIDTH, n_layers=2, n_heads=2,
                              max_position_embeddings=64)
    transformer = randomise(DistilBertModel(config), 12)
    dense = randomise(torch.nn.Linear(WIDTH, WIDTH, bias=False), 13)
    (folder / "config.json").write_text(config.to_json_string())
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    sentence_transformers(folder, halves(transformer.state_dict()), halves(dense.state_dict()))


if __name__ == "__main__":
    with torch.no_grad():
        clip()
        multilingual()
