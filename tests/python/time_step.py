"""Times PyTorch's step of training at the sizes of `sls-lab bench`: SGD and Adam, f32, dropout off.

    python tests/python/time_step.py --model bert-base --device cuda       # needs torch and transformers

Prints the median milliseconds of a step, once with f32 products and once with TF32, which changes nothing on a
CPU. The weights are random, and so is the one mini-batch, 32 x 64 tokens if nothing else is said.
"""

import argparse
import statistics
import time

SIZES = {
    "minilm": dict(hidden_size=384, num_hidden_layers=6, intermediate_size=1536),
    "bert-base": dict(),
}


def median(model, optimizer, batch, steps, wait):
    """Median milliseconds of a step, from before the forward pass until the device is done."""
    times = []
    for step in range(3 + steps):
        wait()
        start = time.perf_counter()
        optimizer.zero_grad()
        model(**batch).loss.backward()
        optimizer.step()
        wait()
        if step >= 3:
            times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=SIZES, default="bert-base")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    try:
        import torch
        from transformers import BertConfig, BertForSequenceClassification
    except ImportError as missing:
        print(f"PyTorch's side is left out: {missing}")
        return
    torch.manual_seed(0)
    config = BertConfig(
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, num_labels=2, **SIZES[args.model]
    )
    ids = torch.randint(1, config.vocab_size, (args.batch, args.tokens), device=args.device)
    labels = torch.randint(0, 2, (args.batch,), device=args.device)
    batch = dict(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels)
    wait = torch.cuda.synchronize if args.device.startswith("cuda") else lambda: None
    print(f"PyTorch {torch.__version__}, {args.model}, {args.batch} x {args.tokens} tokens, {args.device}")
    for name, precision in [("f32", "highest"), ("TF32", "high")]:
        torch.set_float32_matmul_precision(precision)
        for optimizer in [torch.optim.SGD, torch.optim.Adam]:
            model = BertForSequenceClassification(config).to(args.device).train()
            optim = optimizer(model.parameters(), lr=2e-5)
            took = median(model, optim, batch, args.steps, wait)
            print(f"{optimizer.__name__:5}{name:5}{took:10.2f} ms a step")


if __name__ == "__main__":
    main()
