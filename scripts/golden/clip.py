"""Writes the reference files of the CLIP tests: tiny random towers and the vectors that Hugging Face's transformers and
torchvision compute with them.

    python scripts/golden/clip.py      (torch, torchvision, transformers, safetensors)

Weights are float16 in the files; the vectors are computed in float32 from just those values. clip/ holds CLIPModel's
file, the same weights under OpenAI's names as a TorchScript archive, torchvision's ViT, and two multilingual text sides.
"""

import json
import pathlib
import sys

sys.modules["torchaudio"] = None  # its extension is not needed, and not always loadable

import numpy as np
import torch
import torchvision
from safetensors.torch import save_file
from transformers import (CLIPConfig, CLIPModel, DistilBertConfig, DistilBertModel, XLMRobertaConfig, XLMRobertaModel)

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "ModelsTests" / "Golden" / "clip"
IDS = [[58, 3, 17, 40, 59], [58, 59], [58, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 59]]


def randomise(model, seed):
    """Values that a wrong epsilon, activation, mask or order would show, exact in float16."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in model.state_dict().items():
        if not value.is_floating_point():
            continue
        draw = torch.randn(value.shape, generator=generator)
        fan = value.numel() / max(1, value.shape[0]) if value.dim() > 1 else 0
        draw = draw * 1.5 / fan ** 0.5 if fan else 0.3 * draw + (1 if "norm" in name.lower() and "weight" in name else 0)
        value.copy_(draw.half().float())
    return model.eval()


def halves(state):
    return {name: value.half().contiguous() if value.is_floating_point() else value for name, value in state.items()}


def pixels(side, count=2):
    values = torch.sin(torch.arange(count * 3 * side * side, dtype=torch.float64) * 0.37) * 1.5
    return values.float().reshape(count, 3, side, side)


def openai_names(state):
    """transformers' CLIPModel state under OpenAI's names."""
    result = {}
    parts = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
             "self_attn.out_proj": "attn.out_proj"}
    top = {"vision_model.embeddings.class_embedding": "visual.class_embedding",
           "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
           "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
           "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
           "text_model.embeddings.position_embedding.weight": "positional_embedding"}
    for name, value in state.items():
        new = top.get(name, name)
        new = new.replace("vision_model.encoder.layers", "visual.transformer.resblocks")
        new = new.replace("text_model.encoder.layers", "transformer.resblocks")
        new = new.replace("vision_model.pre_layrnorm", "visual.ln_pre").replace("vision_model.post_layernorm", "visual.ln_post")
        new = new.replace("text_model.final_layer_norm", "ln_final")
        for old, short in parts.items():
            new = new.replace(old, short)
        if name in ("visual_projection.weight", "text_projection.weight"):
            new, value = {"visual_projection.weight": "visual.proj", "text_projection.weight": "text_projection"}[name], value.t()
        if ".self_attn." in new:
            if "q_proj" not in new:
                continue
            value = torch.cat([state[name.replace("q_proj", p)] for p in ("q_proj", "k_proj", "v_proj")])
            new = new.replace("self_attn.q_proj.", "attn.in_proj_")
        result[new] = value.contiguous()
    return result


class Holder(torch.nn.Module):
    """Modules and parameters of given dotted names, without a program of their own."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x

    def put(self, path, value):
        head, _, rest = path.partition(".")
        if not rest:
            if value.dim() == 0:
                self.register_buffer(head, value)
            else:
                self.register_parameter(head, torch.nn.Parameter(value, requires_grad=False))
            return
        if not hasattr(self, head):
            self.add_module(head, Holder())
        getattr(self, head).put(rest, value)


def clip():
    vision = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=24,
                  patch_size=8, projection_dim=20)
    text = dict(hidden_size=24, intermediate_size=48, num_hidden_layers=2, num_attention_heads=3, vocab_size=60,
                max_position_embeddings=12, bos_token_id=58, eos_token_id=59, pad_token_id=0, projection_dim=20)
    config = CLIPConfig(vision_config=vision, text_config=text, projection_dim=20)
    model = randomise(CLIPModel(config), 1)
    save_file(halves(model.state_dict()), OUT / "huggingface.safetensors")
    (OUT / "config.json").write_text(config.to_json_string())
    holder = Holder()
    for name, value in openai_names(model.state_dict()).items():
        holder.put(name, value.half())
    for name, number in [("input_resolution", 24), ("context_length", 12), ("vocab_size", 60)]:
        holder.put(name, torch.tensor(number))
    torch.jit.save(torch.jit.script(holder), str(OUT / "openai.pt"))
    images = model.visual_projection(model.vision_model(pixels(24)).pooler_output)
    texts = []
    for row in IDS:
        texts += model.text_projection(model.text_model(torch.tensor([row])).pooler_output)
    return {"images": images.tolist(), "texts": torch.stack(texts).tolist()}


def torchvision_vit():
    model = randomise(torchvision.models.VisionTransformer(
        image_size=24, patch_size=8, num_layers=2, num_heads=1, hidden_dim=32, mlp_dim=48, num_classes=5), 2)
    save_file(halves(model.state_dict()), OUT / "torchvision.safetensors")
    model.heads = torch.nn.Identity()
    return model(pixels(24)).tolist()


def multilingual(model, config, folder, names, bias, seed):
    """Masked mean of a tiny transformer, mapped to 20 dimensions."""
    folder = OUT / folder
    folder.mkdir(parents=True, exist_ok=True)
    randomise(model, seed)
    dense = randomise(torch.nn.Linear(config.hidden_size, 20, bias=bias), seed + 1)
    (folder / "config.json").write_text(config.to_json_string())
    names(folder, halves(model.state_dict()), halves(dense.state_dict()))
    rows = []
    for row in IDS:
        rows.append(dense(model(input_ids=torch.tensor([row])).last_hidden_state.mean(1))[0])
    return torch.stack(rows).tolist()


def sentence_transformers(folder, transformer, dense):
    save_file(transformer, folder / "model.safetensors")
    (folder / "2_Dense").mkdir(exist_ok=True)
    save_file({"linear." + name: value for name, value in dense.items()}, folder / "2_Dense" / "model.safetensors")


def mclip(folder, transformer, dense):
    state = {"transformer." + name: value for name, value in transformer.items()}
    torch.save(state | {"LinearTransformation." + name: value for name, value in dense.items()}, folder / "pytorch_model.bin")


@torch.no_grad()
def main():
    OUT.mkdir(parents=True, exist_ok=True)
    expected = {"ids": IDS, "clip": clip(), "torchvision": torchvision_vit()}
    distil = DistilBertConfig(vocab_size=60, dim=24, hidden_dim=48, n_layers=2, n_heads=3, max_position_embeddings=16)
    expected["distilbert"] = multilingual(DistilBertModel(distil), distil, "distilbert", sentence_transformers, False, 3)
    xlmr = XLMRobertaConfig(vocab_size=60, hidden_size=24, intermediate_size=48, num_hidden_layers=2, num_attention_heads=3,
                            max_position_embeddings=18, type_vocab_size=1, layer_norm_eps=1e-5)
    expected["xlm-r"] = multilingual(
        XLMRobertaModel(xlmr, add_pooling_layer=False), xlmr, "xlm-r", mclip, True, 5)
    (OUT / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
