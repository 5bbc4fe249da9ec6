"""Times BERT's encoder here and in PyTorch, a pass of each in turn, and prints the ratios.

    python tests/python/time_encoder.py                  # with the widest vectors of the processor
    python tests/python/time_encoder.py --vectors avx2   # on both sides AVX2 at most

PyTorch's side needs torch and transformers. The sizes are those of all-MiniLM-L6-v2, 32 x 64 tokens, f32. A
ratio is of two passes of the same round. Its median and quartiles are printed, since a machine is rarely idle.
Beside them stands the share of the peak: what a product of two matrices of 2048 x 2048 reaches on the spot, here
or in PyTorch, whichever is faster.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCH, TOKENS, HIDDEN, LAYERS, INNER = 32, 64, 384, 6, 1536
SIDE, PRODUCTS = 2048, 7
# Each with what PyTorch does for it: a forward alone, dropout, padding.
PASSES = {
    "forward": ("forward", 0.0, False),
    "forward of a trial": ("forward", 0.0, False),
    "forward and backward": ("backward", 0.0, False),
    "the same, dropout 0.1": ("backward", 0.1, False),
    "the same, 4 to 64 tokens": ("backward", 0.1, True),
}
LENGTHS = [4 + 60 * example // (BATCH - 1) for example in range(BATCH)]


class Here:
    """The benchmark of this project, which makes a pass when it is asked for."""

    def __init__(self, vectors):
        bench = ["cargo", "bench", "--quiet", "-p", "burn-sls-tests", "--bench", "encoder"]
        if vectors == "avx2":
            bench.append("--no-default-features")
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(bench, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        self.processor = self.process.stdout.readline().strip()

    def peak(self):
        """Operations a second of a product of two square matrices, the most of some tries."""
        return 2 * SIDE**3 / min(self.seconds("square product") for _ in range(PRODUCTS))

    def seconds(self, name):
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


class There:
    """The same passes in PyTorch."""

    def __init__(self):
        import torch
        from transformers import BertConfig, BertModel

        self.torch = torch
        torch.manual_seed(0)
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
        self.version = f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}"
        self.models = {}
        for dropout in [0.0, 0.1]:
            config = BertConfig(
                vocab_size=1000,
                hidden_size=HIDDEN,
                num_hidden_layers=LAYERS,
                num_attention_heads=12,
                intermediate_size=INNER,
                max_position_embeddings=512,
                hidden_dropout_prob=dropout,
                attention_probs_dropout_prob=dropout,
            )
            self.models[dropout] = BertModel(config, add_pooling_layer=False).train()
        self.ids = (torch.arange(BATCH * TOKENS) % 999 + 1).reshape(BATCH, TOKENS)
        whole = torch.ones_like(self.ids)
        padded = (torch.arange(TOKENS)[None, :] < torch.tensor(LENGTHS)[:, None]).long()
        self.masks = {False: whole, True: padded}

    def seconds(self, name):
        what, dropout, padding = PASSES[name]
        model, mask = self.models[dropout], self.masks[padding]
        start = time.perf_counter()
        if what == "forward":
            with self.torch.no_grad():
                model(self.ids, attention_mask=mask).last_hidden_state.sum().item()
        else:
            model.zero_grad()
            model(self.ids, attention_mask=mask).last_hidden_state.square().mean().backward()
        return time.perf_counter() - start

    def peak(self):
        """Operations a second of a product of two square matrices, the most of some tries."""
        a, b = self.torch.randn(SIDE, SIDE), self.torch.randn(SIDE, SIDE)
        times = []
        for _ in range(PRODUCTS):
            start = time.perf_counter()
            a @ b
            times.append(time.perf_counter() - start)
        return 2 * SIDE**3 / min(times)


def operations(name):
    """Multiplications and additions in the matrix products of a pass."""
    what, _, padding = PASSES[name]
    lengths = LENGTHS if padding else [TOKENS] * BATCH
    linear = 2 * sum(lengths) * (4 * HIDDEN**2 + 2 * HIDDEN * INNER)
    attention = 4 * sum(length**2 for length in lengths) * HIDDEN
    return LAYERS * (linear + attention) * (1 if what == "forward" else 3)


def spread(numbers, digits):
    low, median, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return f"{median:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", choices=["widest", "avx2"], default="widest")
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    if args.vectors == "avx2":
        # Before the libraries are loaded.
        for name in ["ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS"]:
            os.environ[name] = "avx2" if name.startswith("ATEN") else "AVX2"
    here = Here(args.vectors)
    try:
        there = There()
    except ImportError as missing:
        print(f"PyTorch's side is left out: {missing}")
        there = None
    sides = [side for side in [here, there] if side]
    times = {name: {side: [] for side in sides} for name in PASSES}
    for number in range(-2, args.rounds):  # two rounds to warm up
        for name in PASSES:
            for side in sides:
                seconds = side.seconds(name)
                if number >= 0:
                    times[name][side].append(seconds)
    peaks = [side.peak() for side in sides]
    here.process.stdin.close()
    print(here.processor)
    if not there:
        for name in PASSES:
            print(f"{name}: {spread(times[name][here], 3)} s")
        return
    print(there.version)
    print("a square product: {:.0f} GFLOP/s here, {:.0f} in PyTorch".format(*[peak / 1e9 for peak in peaks]))
    print("medians of {} rounds, with quartiles".format(args.rounds))
    print()
    print("| pass | seconds here | PyTorch | ratio | of the peak, here | PyTorch |")
    print("|---|---|---|---|---|---|")
    for name in PASSES:
        ours, theirs = times[name][here], times[name][there]
        ratios = [a / b for a, b in zip(ours, theirs)]
        shares = [operations(name) / statistics.median(side) / max(peaks) for side in [ours, theirs]]
        cells = [name, spread(ours, 3), spread(theirs, 3), spread(ratios, 2)]
        print("| " + " | ".join(cells + [f"{share:.0%}" for share in shares]) + " |")


if __name__ == "__main__":
    main()
