#!/usr/bin/env python3
"""Ten training steps of ours beside the same in PyTorch: logits, loss, gradients, weights, statistics and the average.

PyTorch begins each step with the weights that ours had, takes the same batch, and updates by our gradients: so a
difference is that of one step, and not what ten steps make of rounding (where a ReLU that switches at another moment
changes all that follows). It does so twice, in double, which counts as exact, and in float. Rounding is the only
difference allowed:

  logits, loss      ten times what PyTorch's own float errs: Winograd's transforms lose about a digit more than the direct
                    convolutions; and never less than 20 units of 2^-24, a sum of some hundred products
  gradients         the same, and where there is a ReLU or a maximum: an input within d of the edge may fall on its other
                    side. About d of all inputs do, for they are spread over 1 or so; as what they add to the gradient is
                    independent, that is sqrt(d) of its length for each such layer, sqrt(layers d) in all. d: the error
                    allowed for the logits
  weights, average  4 units of 2^-24: given the gradient, each is a few operations, rounded once when it is stored

Errors are compared by length, relative to that of the exact values.

usage: pytorch_parity.py BUILD [NETWORK ..]; exit code 77 where there is no PyTorch
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'bench'))
try:
    import numpy as np
    import torch
    import torch.nn.functional as F

    from torch_net import Net
except ImportError as missing:
    print(f'skipped: {missing} (Debian and Ubuntu: apt-get install python3-torch python3-numpy)')
    sys.exit(77)

STEPS, BATCH = 10, 24
UNIT = 2.0 ** -24


def read_safetensors(path):
    data = open(path, 'rb').read()
    size, = struct.unpack_from('<Q', data)
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        begin, end = entry['data_offsets']
        values = np.frombuffer(data, np.float32, (end - begin) // 4, 8 + size + begin)
        tensors[name] = torch.from_numpy(values.reshape(entry['shape']).copy())
    return tensors


def trace(build, network, folder):
    """The description of a network, and what ours computed."""
    path = os.path.join(folder, network)
    done = subprocess.run([os.path.join(build, 'train_bench'), network, 'cpu', '2', 'fp32', str(BATCH), str(BATCH * (STEPS + 2))],
                          input=f'trace {STEPS} {path}\n', stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[0]), read_safetensors(path)


def steps(info, ours, kind):
    """The same from PyTorch: {name: tensor} as ours has it."""
    net = Net([dict(node, rate=0) for node in info['nodes']]).train().to(kind)
    tensors = net.by_our_names()
    learned = {name: tensor for name, tensor in tensors.items() if isinstance(tensor, torch.nn.Parameter)}
    average = {name: ours['step0.weights.' + name].to(kind) for name in tensors}
    optimizer = torch.optim.AdamW([
        {'params': [p for p in learned.values() if p.dim() > 1], 'weight_decay': info['weight_decay']},
        {'params': [p for p in learned.values() if p.dim() <= 1], 'weight_decay': 0}], betas=(0.9, 0.99))
    out = {}
    for i in range(STEPS):
        at = f'step{i}.'
        with torch.no_grad():
            for name, tensor in tensors.items():
                tensor.copy_(ours[f'{at}weights.{name}'])
        for group in optimizer.param_groups:
            group['lr'] = ours[at + 'lr'].item()
        logits = net(ours[at + 'x'].to(kind))
        loss = F.cross_entropy(logits, ours[at + 'labels'].long(), label_smoothing=info['label_smoothing'])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned.values(), 1.0)
        out[at + 'logits'], out[at + 'loss'] = logits.detach(), loss.detach().reshape(1)
        for name, p in learned.items():
            out[f'{at}gradient.{name}'] = p.grad.clone()
            p.grad.copy_(ours[f'{at}gradient.{name}'])
        optimizer.step()
        for name, tensor in tensors.items():
            out[f'step{i + 1}.weights.{name}'] = tensor.detach().clone()
            average[name].lerp_(ours[f'step{i + 1}.weights.{name}'].to(kind), 1 - min(info['ema'], (1 + i) / (10 + i)))
    return out | {'average.' + name: tensor for name, tensor in average.items()}


def check(build, network, folder):
    info, ours = trace(build, network, folder)
    exact, single = (steps(info, ours, kind) for kind in (torch.float64, torch.float32))
    groups = {}  # what is compared as one: {name: [ours, float's, exact's values]}
    for name in exact:
        step, _, rest = name.partition('.')
        key = f'{step} {rest.partition(".")[0]}' if step.startswith('step') else step
        for values, of in zip(groups.setdefault(key, ([], [], [])), (ours, single, exact)):
            values.append(of[name].double().flatten())
    errors = {}  # {name: (ours, float's)}
    for key, parts in groups.items():
        is_, other, should = (torch.cat(part) for part in parts)
        errors[key] = [(v - should).norm().item() / should.norm().item() for v in (is_, other)]
    edges = sum(node['op'] in ('relu', 'max_pool') for node in info['nodes'])
    failed, worst = 0, 0
    for key, (mine, theirs) in errors.items():
        bound = max(10 * theirs, 20 * UNIT)
        if key.endswith('gradient'):
            bound = max(bound, (edges * max(10 * errors[key.replace('gradient', 'logits')][1], 20 * UNIT)) ** 0.5)
        elif key.endswith('weights') or key == 'average':
            bound = 4 * UNIT
        worst = max(worst, mine / bound)
        if not mine <= bound:
            failed += 1
            print(f'{network}: {key} is off by {mine:.1e} of its size, allowed are {bound:.1e} (PyTorch in float: {theirs:.1e})')
    print(f'{network}: {len(errors)} comparisons, {failed} failed; the largest error is {worst:.2f} of what is allowed')
    return failed


def main():
    build, *networks = sys.argv[1:]
    torch.set_num_threads(2)
    torch.set_flush_denormal(True)  # as ours
    with tempfile.TemporaryDirectory(prefix='biji-parity-') as folder:
        failed = sum(check(build, network, folder)
                     for network in networks or ['digits', 'letters', 'hanzi', 'lenet5', 'mnist-rnn', 'mnist-lstm'])
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
