"""Our networks in PyTorch, from the list of nodes that train_bench prints (native/nets/network.h)."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, nodes):
        super().__init__()
        self.nodes = nodes
        self.layers = nn.ModuleDict()  # by the node's name
        for node in nodes[1:]:
            x, op = nodes[node['a']], node['op']
            if op == 'conv':
                layer = nn.Conv2d(x['channels'], node['channels'], node['kernel'], node['stride'], node['pad'], bias=node['bias'])
            elif op == 'batch_norm':
                layer = nn.BatchNorm2d(node['channels'])
            elif op == 'linear':
                layer = nn.Linear(x['channels'] * x['height'] * x['width'], node['channels'], bias=node['bias'])
            elif op == 'dropout':
                node['name'] = f'dropout{len(self.layers)}'
                layer = nn.Dropout(node['rate'])
            elif op == 'rnn':
                layer = nn.RNN(x['width'], node['channels'], batch_first=True)
                layer.bias_hh_l0.requires_grad_(False).zero_()  # PyTorch has two, which are added
            elif op == 'lstm':
                layer = nn.LSTM(x['width'], node['channels'], batch_first=True)
            else:
                continue
            self.layers[node['name']] = layer

    def forward(self, x):
        values = [x]
        for node in self.nodes[1:]:
            a, op = values[node['a']], node['op']
            if op == 'relu':
                values.append(F.relu(a, inplace=node['a'] > 0))
            elif op == 'max_pool':
                values.append(F.max_pool2d(a, node['kernel'], node['stride']))
            elif op == 'global_average_pool':
                values.append(a.mean((2, 3)))
            elif op == 'add':
                values.append(a + values[node['b']])
            elif op == 'linear':
                values.append(self.layers[node['name']](a.flatten(1)))
            elif op in ('rnn', 'lstm'):
                values.append(self.layers[node['name']](a.squeeze(1))[0][:, -1])
            else:
                values.append(self.layers[node['name']](a))
        return values[-1]

    def by_our_names(self):
        """{name of ours: tensor} of everything that is learned or remembered."""
        ours = {('BatchNorm2d', 'weight'): 'gain', ('BatchNorm2d', 'running_mean'): 'mean',
                ('BatchNorm2d', 'running_var'): 'variance', ('RNN', 'bias_ih_l0'): 'bias', ('RNN', 'bias_hh_l0'): None,
                ('LSTM', 'bias_ih_l0'): 'bias_input', ('LSTM', 'bias_hh_l0'): 'bias_hidden',
                ('BatchNorm2d', 'num_batches_tracked'): None}
        for kind in ('RNN', 'LSTM'):
            ours[kind, 'weight_ih_l0'], ours[kind, 'weight_hh_l0'] = 'weight_input', 'weight_hidden'
        tensors = {}
        for layer_name, layer in self.layers.items():
            for name, tensor in [*layer.named_parameters(), *layer.named_buffers()]:
                own = ours.get((type(layer).__name__, name), name)
                if own:
                    tensors[f'{layer_name}.{own}'] = tensor
        return tensors
