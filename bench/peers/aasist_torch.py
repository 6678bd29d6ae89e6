"""AASIST in PyTorch, after the paper (Jung et al., ICASSP 2022, arXiv 2110.01200), for inference only.

All sizes come from the configuration and from the tensors of the checkpoint, so AASIST and AASIST-L are one function.
Tensors are (batch, channels, frequency, time) in the encoder and (batch, nodes, features) in the graphs.
"""

import json

import numpy as np
import torch
import torch.nn.functional as F

SAMPLE_RATE_HZ = 16000


class Tensors:
    """The part of a checkpoint whose names start with a prefix."""

    def __init__(self, state, prefix=""):
        self.state = state
        self.prefix = prefix

    def at(self, name):
        return Tensors(self.state, f"{self.prefix}{name}.")

    def __getitem__(self, name):
        return self.state[self.prefix + name]

    def __contains__(self, name):
        return self.prefix + name in self.state


def filter_bank(channels, taps):
    """Band-pass filters with edges evenly spaced in mel, as a convolution's weight (channels, 1, taps)."""
    taps += 1 - taps % 2
    top_mel = 2595 * np.log10(1 + SAMPLE_RATE_HZ / 2 / 700)
    edges_hz = 700 * (np.power(10, np.linspace(0, top_mel, channels + 1) / 2595) - 1)
    relative = (2 * edges_hz / SAMPLE_RATE_HZ)[:, None]
    low_pass = relative * np.sinc(relative * (np.arange(taps) - taps // 2))
    band_pass = np.diff(low_pass, axis=0) * np.hamming(taps)
    return torch.from_numpy(band_pass.astype(np.float32))[:, None]


def linear(x, layer):
    return F.linear(x, layer["weight"], layer["bias"])


def convolve(x, layer, padding):
    return F.conv2d(x, layer["weight"], layer["bias"], padding=padding)


def normalize(x, layer):
    return F.batch_norm(x, layer["running_mean"], layer["running_var"], layer["weight"], layer["bias"])


def residual_block(x, block):
    # The released network's first convolution reads the block's input as it is: bn1 has weights and no effect.
    y = F.selu(normalize(convolve(x, block.at("conv1"), (1, 1)), block.at("bn2")))
    y = convolve(y, block.at("conv2"), (0, 1))
    if "conv_downsample.weight" in block:
        x = convolve(x, block.at("conv_downsample"), (0, 1))
    return F.max_pool2d(x + y, (1, 3))


def pairwise_products(nodes):
    return nodes.unsqueeze(2) * nodes.unsqueeze(1)


def updated_nodes(nodes, attention, layer):
    """What nodes gather by attention plus what they keep, normalised over all nodes."""
    y = linear(attention @ nodes, layer.at("proj_with_att")) + linear(nodes, layer.at("proj_without_att"))
    return F.selu(normalize(y.transpose(1, 2), layer.at("bn")).transpose(1, 2))


def graph_attention(nodes, layer, temperature):
    energies = torch.tanh(linear(pairwise_products(nodes), layer.at("att_proj"))) @ layer["att_weight"]
    return updated_nodes(nodes, torch.softmax(energies.squeeze(-1) / temperature, dim=2), layer)


def mixed_attention(temporal, spectral, stack, layer, temperature):
    """One heterogeneous layer: two kinds of nodes, three kinds of pairs, and a stack node that reads all of them."""
    count = temporal.shape[1]
    nodes = torch.cat([linear(temporal, layer.at("proj_type1")), linear(spectral, layer.at("proj_type2"))], dim=1)
    pairs = torch.tanh(linear(pairwise_products(nodes), layer.at("att_proj")))
    kinds = [layer["att_weight11"], layer["att_weight12"], layer["att_weight22"]]
    first, second = pairs[:, :count], pairs[:, count:]
    energies = torch.cat(
        [
            torch.cat([first[:, :, :count] @ kinds[0], first[:, :, count:] @ kinds[1]], dim=2),
            torch.cat([second[:, :, :count] @ kinds[1], second[:, :, count:] @ kinds[2]], dim=2),
        ],
        dim=1,
    ).squeeze(-1)
    of_stack = torch.tanh(linear(nodes * stack, layer.at("att_projM"))) @ layer["att_weightM"]
    gathered = torch.softmax(of_stack / temperature, dim=1).transpose(1, 2) @ nodes
    stack = linear(gathered, layer.at("proj_with_attM")) + linear(stack, layer.at("proj_without_attM"))
    nodes = updated_nodes(nodes, torch.softmax(energies / temperature, dim=2), layer)
    return nodes[:, :count], nodes[:, count:], stack


def keep_best(nodes, ratio, layer):
    """The share of nodes with the largest gates, each times its gate."""
    gates = torch.sigmoid(linear(nodes, layer.at("proj")))
    kept = max(int(nodes.shape[1] * ratio), 1)
    chosen = torch.topk(gates.squeeze(-1), kept, dim=1).indices
    return torch.take_along_dim(nodes * gates, chosen.unsqueeze(-1), dim=1)


class Aasist:
    """logits(windows): (batch, nb_samp) float32 -> (batch, 2), spoof first; the score is the second."""

    def __init__(self, checkpoint, config):
        with open(config, encoding="utf-8") as file:
            self.config = json.load(file)["model_config"]
        self.tensors = Tensors(torch.load(checkpoint, map_location="cpu", weights_only=True))
        self.bank = filter_bank(self.config["filts"][0], self.config["first_conv"])

    @property
    def window_samples(self):
        return self.config["nb_samp"]

    def encode(self, windows):
        bands = F.conv1d(windows.unsqueeze(1), self.bank).abs().unsqueeze(1)
        maps = F.selu(normalize(F.max_pool2d(bands, 3), self.tensors.at("first_bn")))
        block = 0
        while f"encoder.{block}.0.conv1.weight" in self.tensors:
            maps = residual_block(maps, self.tensors.at(f"encoder.{block}.0"))
            block += 1
        return maps.abs()

    def branch(self, temporal, spectral, number):
        """Two heterogeneous layers, of which the second adds to what the first one kept."""
        at, temperature = self.tensors.at, self.config["temperatures"][2]
        ratio = self.config["pool_ratios"][2]
        stack = self.tensors[f"master{number}"]
        t, s, stack = mixed_attention(temporal, spectral, stack, at(f"HtrgGAT_layer_ST{number}1"), temperature)
        t, s = keep_best(t, ratio, at(f"pool_hT{number}")), keep_best(s, ratio, at(f"pool_hS{number}"))
        more = mixed_attention(t, s, stack, at(f"HtrgGAT_layer_ST{number}2"), temperature)
        return [before + after for before, after in zip((t, s, stack), more)]

    def logits(self, windows):
        at, config = self.tensors.at, self.config
        maps = self.encode(windows)
        spectral = maps.amax(3).transpose(1, 2) + self.tensors["pos_S"]
        temporal = maps.amax(2).transpose(1, 2)
        spectral = graph_attention(spectral, at("GAT_layer_S"), config["temperatures"][0])
        temporal = graph_attention(temporal, at("GAT_layer_T"), config["temperatures"][1])
        spectral = keep_best(spectral, config["pool_ratios"][0], at("pool_S"))
        temporal = keep_best(temporal, config["pool_ratios"][1], at("pool_T"))
        branches = zip(self.branch(temporal, spectral, 1), self.branch(temporal, spectral, 2))
        t, s, stack = [torch.maximum(one, other) for one, other in branches]
        summary = [t.abs().amax(1), t.mean(1), s.abs().amax(1), s.mean(1), stack.squeeze(1)]
        return linear(torch.cat(summary, dim=1), at("out_layer"))
