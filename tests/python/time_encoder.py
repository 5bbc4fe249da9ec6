"""Times BERT's encoder here and in PyTorch, one after the other, and prints the ratios.

    python tests/python/time_encoder.py          # PyTorch's side needs torch and transformers

Runs `cargo bench -p burn-sls-tests --bench encoder`, then Hugging Face's BERT at the same sizes: that of
all-MiniLM-L6-v2, batch 32 x 64 tokens, no padding, dropout off, f32. Medians in seconds. Keep the machine
idle: both sides use all cores, and a third party slows them unequally.
"""

import json
import os
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
GROUP = "MiniLM, 32 x 64 tokens"
NAMES = ["forward", "forward and backward"]
BATCH, TOKENS, RUNS = 32, 64, 20


def burn():
    """Medians of the benchmark, from the files that criterion leaves."""
    bench = ["cargo", "bench", "--quiet", "-p", "burn-sls-tests", "--bench", "encoder"]
    subprocess.run(bench, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    medians = []
    for name in NAMES:
        estimates = TARGET / "criterion" / GROUP / name / "new" / "estimates.json"
        nanoseconds = json.loads(estimates.read_text())["median"]["point_estimate"]
        medians.append(nanoseconds * 1e-9)
    return medians


def pytorch():
    """Medians of the same passes, or none without PyTorch."""
    try:
        import torch
        from transformers import BertConfig, BertModel
    except ImportError as missing:
        print(f"PyTorch's side is left out: {missing}")
        return None
    torch.manual_seed(0)
    torch.set_num_threads(os.cpu_count())
    config = BertConfig(
        vocab_size=1000,
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
        max_position_embeddings=512,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = BertModel(config, add_pooling_layer=False)
    ids = (torch.arange(BATCH * TOKENS) % 999 + 1).reshape(BATCH, TOKENS)
    mask = torch.ones_like(ids)

    def forward():
        with torch.no_grad():
            return model(ids, attention_mask=mask).last_hidden_state.sum().item()

    def forward_and_backward():
        model.zero_grad()
        model(ids, attention_mask=mask).last_hidden_state.square().mean().backward()

    return [median(forward), median(forward_and_backward)]


def median(call):
    call()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    here, there = burn(), pytorch()
    print(f"{GROUP}, {os.cpu_count()} cores")
    print(f"{'':22}{'here':>8}{'PyTorch':>10}{'ratio':>8}")
    for row, name in enumerate(NAMES):
        line = f"{name:22}{here[row]:8.3f}"
        if there:
            line += f"{there[row]:10.3f}{here[row] / there[row]:8.2f}"
        print(line)


if __name__ == "__main__":
    main()
