"""Loads the folders that burn-sls-bert has written by transformers, and compares what both compute.

    pip install torch transformers safetensors
    BURN_SLS_SAVED=saved cargo test --release -p burn-sls-tests --test suite saving
    python tests/python/check_saved.py saved

Every folder in `saved` is a model that the Rust test wrote, with an `ours.json`: sentences, the
tokens that burn-sls-bert makes of them, and the numbers that its model makes of those. Which class
of transformers reads a folder is in its config.json:

    BertModel                      last hidden state; it must be told that there is no pooler
    BertForTokenClassification     a classifier without a pooler; its logits are those of token 0
    BertForSequenceClassification  a classifier with a pooler

and RobertaForTokenClassification likewise.

No key of the file may be missing or left over, and the numbers may differ by 1e-4 of the largest.
"""

import json
import pathlib
import sys

import torch
import transformers
from transformers import AutoTokenizer

TOLERANCE = 1e-4


def check(folder):
    ours = json.loads((folder / "ours.json").read_text())
    config = json.loads((folder / "config.json").read_text())
    (name,) = config["architectures"]
    options = {"add_pooling_layer": False} if name.endswith("Model") else {}
    model, report = getattr(transformers, name).from_pretrained(
        folder, output_loading_info=True, **options
    )
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not report[kind], f"{folder}: {kind}: {report[kind]}"
    assert model.dtype == torch.float32

    if "texts" in ours:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        batch = tokenizer([pair[0] for pair in ours["texts"]], [pair[1] for pair in ours["texts"]], padding=True)
        for key in tokenizer.model_input_names:
            assert batch[key] == ours[key], f"{folder}: {key}: {batch[key]} and {ours[key]}"
    if "labels" in ours:
        names = [model.config.id2label[i] for i in range(len(ours["labels"]))]
        assert names == ours["labels"], f"{folder}: {names}"

    keys = ("input_ids", "attention_mask", "token_type_ids")
    with torch.no_grad():
        found = model.eval()(**{key: torch.tensor(ours[key]) for key in keys})
    match name:
        case "BertModel":
            found = found.last_hidden_state
        case "BertForTokenClassification" | "RobertaForTokenClassification":
            found = found.logits[:, 0]
        case _:
            found = found.logits
    expected = torch.tensor(ours["values"], dtype=torch.float64).reshape(found.shape)
    error = ((found.double() - expected).abs().max() / expected.abs().max()).item()
    print(f"{folder.name}: {name}, {found.numel()} numbers, relative error {error:.1e}")
    return error


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folders = sorted(path.parent for path in pathlib.Path(sys.argv[1]).glob("*/ours.json"))
    if not folders:
        sys.exit(f"{sys.argv[1]} holds no saved model: run the Rust test first, as said above\n\n{__doc__}")
    worst = max(check(folder) for folder in folders)
    print(f"{len(folders)} folders, largest relative error {worst:.1e}")
    if worst > TOLERANCE:
        sys.exit(f"more than {TOLERANCE:.0e}")
