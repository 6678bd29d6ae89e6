"""AASIST in PyTorch, built from a configuration's sizes: the independent side of the converter's tests.

Tensor names are those of upstream checkpoints (clovaai/aasist), so that a state_dict of either loads into the other.
Inference only. `margins` collects how far every top-k decision is from flipping, because a fixture whose nodes nearly
tie would test luck.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SAMPLE_RATE_HZ = 16000


def sinc_bank(filters, taps):
    """Band-pass filters with edges evenly spaced in mel, (filters, 1, taps | 1)."""
    taps += 1 - taps % 2
    edges_mel = np.linspace(0.0, 2595 * np.log10(1 + SAMPLE_RATE_HZ / 2 / 700), filters + 1)
    edges_hz = (700 * (10 ** (edges_mel / 2595) - 1)).tolist()
    time = torch.arange(-(taps - 1) / 2, (taps - 1) / 2 + 1)
    window = torch.Tensor(np.hamming(taps))
    # Phase, sine and difference are all float32, as upstream. Computed in float64 the filters differ by 1.5e-7, and
    # that alone moves last_hidden of the official golden values by up to 6.5e-5.
    low = [2 * f / SAMPLE_RATE_HZ * torch.Tensor(np.sinc((2 * f * time / SAMPLE_RATE_HZ).numpy())) for f in edges_hz]
    return torch.stack([window * (low[k + 1] - low[k]) for k in range(filters)]).unsqueeze(1)


class ResidualBlock(nn.Module):
    def __init__(self, channels_in, channels_out, first):
        super().__init__()
        if not first:
            self.bn1 = nn.BatchNorm2d(channels_in)  # in every checkpoint, never used: see forward
        self.conv1 = nn.Conv2d(channels_in, channels_out, (2, 3), padding=(1, 1))
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, (2, 3), padding=(0, 1))
        self.conv_downsample = (
            nn.Conv2d(channels_in, channels_out, (1, 3), padding=(0, 1)) if channels_in != channels_out else None
        )

    def forward(self, x):
        # The released model computes bn1 + SELU and then gives conv1 the raw input.
        y = self.conv2(F.selu(self.bn2(self.conv1(x))))
        return F.max_pool2d(y + (x if self.conv_downsample is None else self.conv_downsample(x)), (1, 3))


def node_norm(bn, nodes):
    return F.selu(bn(nodes.flatten(0, 1)).view_as(nodes))


class GraphAttention(nn.Module):
    def __init__(self, size_in, size_out, temperature):
        super().__init__()
        self.temperature = temperature
        self.att_proj = nn.Linear(size_in, size_out)
        self.att_weight = nn.Parameter(torch.empty(size_out, 1))
        self.proj_with_att = nn.Linear(size_in, size_out)
        self.proj_without_att = nn.Linear(size_in, size_out)
        self.bn = nn.BatchNorm1d(size_out)

    def forward(self, x):
        scores = torch.tanh(self.att_proj(x.unsqueeze(2) * x.unsqueeze(1))) @ self.att_weight
        attention = F.softmax(scores / self.temperature, dim=-2).squeeze(-1)
        return node_norm(self.bn, self.proj_with_att(attention @ x) + self.proj_without_att(x))


class HeterogeneousAttention(nn.Module):
    def __init__(self, size_in, size_out, temperature):
        super().__init__()
        self.temperature = temperature
        self.proj_type1 = nn.Linear(size_in, size_in)
        self.proj_type2 = nn.Linear(size_in, size_in)
        self.att_proj = nn.Linear(size_in, size_out)
        self.att_projM = nn.Linear(size_in, size_out)
        self.att_weight11 = nn.Parameter(torch.empty(size_out, 1))
        self.att_weight22 = nn.Parameter(torch.empty(size_out, 1))
        self.att_weight12 = nn.Parameter(torch.empty(size_out, 1))
        self.att_weightM = nn.Parameter(torch.empty(size_out, 1))
        self.proj_with_att = nn.Linear(size_in, size_out)
        self.proj_without_att = nn.Linear(size_in, size_out)
        self.proj_with_attM = nn.Linear(size_in, size_out)
        self.proj_without_attM = nn.Linear(size_in, size_out)
        self.bn = nn.BatchNorm1d(size_out)

    def forward(self, temporal, spectral, master):
        n = temporal.size(1)
        x = torch.cat([self.proj_type1(temporal), self.proj_type2(spectral)], 1)
        e = torch.tanh(self.att_proj(x.unsqueeze(2) * x.unsqueeze(1)))
        scores = torch.empty_like(e[..., :1])
        scores[:, :n, :n] = e[:, :n, :n] @ self.att_weight11
        scores[:, n:, n:] = e[:, n:, n:] @ self.att_weight22
        scores[:, :n, n:] = e[:, :n, n:] @ self.att_weight12
        scores[:, n:, :n] = e[:, n:, :n] @ self.att_weight12
        attention = F.softmax(scores / self.temperature, dim=-2).squeeze(-1)
        to_master = F.softmax(
            torch.tanh(self.att_projM(x * master)) @ self.att_weightM / self.temperature, dim=-2
        ).transpose(1, 2)
        master = self.proj_with_attM(to_master @ x) + self.proj_without_attM(master)
        y = node_norm(self.bn, self.proj_with_att(attention @ x) + self.proj_without_att(x))
        return y[:, :n], y[:, n:], master


class GraphPool(nn.Module):
    def __init__(self, ratio, size, margins):
        super().__init__()
        self.ratio = ratio
        self.proj = nn.Linear(size, 1)
        self.margins = margins

    def forward(self, nodes):
        weights = torch.sigmoid(self.proj(nodes))
        keep = max(int(nodes.size(1) * self.ratio), 1)
        ranked = weights.squeeze(-1).sort(dim=1, descending=True)[0]
        # The order among kept nodes matters too: the two branches are compared node by node.
        gaps = (ranked[:, :-1] - ranked[:, 1:])[:, :keep]
        if gaps.numel() > 0:
            self.margins.append(gaps.amin(1))
        order = torch.topk(weights, keep, dim=1)[1]
        return torch.gather(nodes * weights, 1, order.expand(-1, -1, nodes.size(2)))


class Aasist(nn.Module):
    def __init__(self, config):
        super().__init__()
        filters, *blocks = config["filts"]
        gat, hetero = config["gat_dims"]
        ratios, temperatures = config["pool_ratios"], config["temperatures"]
        channels = blocks[-1][-1]
        self.margins = []
        self.register_buffer("bank", sinc_bank(filters, config["first_conv"]), persistent=False)
        self.pos_S = nn.Parameter(torch.empty(1, filters // 3, channels))
        self.master1 = nn.Parameter(torch.empty(1, 1, gat))
        self.master2 = nn.Parameter(torch.empty(1, 1, gat))
        self.first_bn = nn.BatchNorm2d(1)
        pairs = [*blocks, blocks[-1], blocks[-1]]
        self.encoder = nn.Sequential(
            *(nn.Sequential(ResidualBlock(i, o, first=k == 0)) for k, (i, o) in enumerate(pairs))
        )
        self.GAT_layer_S = GraphAttention(channels, gat, temperatures[0])
        self.GAT_layer_T = GraphAttention(channels, gat, temperatures[1])
        for name, size in (("ST11", gat), ("ST12", hetero), ("ST21", gat), ("ST22", hetero)):
            setattr(self, f"HtrgGAT_layer_{name}", HeterogeneousAttention(size, hetero, temperatures[2]))
        self.pool_S = GraphPool(ratios[0], gat, self.margins)
        self.pool_T = GraphPool(ratios[1], gat, self.margins)
        for name in ("hS1", "hT1", "hS2", "hT2"):
            setattr(self, f"pool_{name}", GraphPool(ratios[2], hetero, self.margins))
        self.out_layer = nn.Linear(5 * hetero, 2)

    def forward(self, samples):
        """(batch, nb_samp) -> last_hidden (batch, 5 * gat_dims[1]), logits (batch, 2): spoof, bona fide."""
        self.margins.clear()
        x = F.conv1d(samples.unsqueeze(1), self.bank).abs().unsqueeze(1)
        x = F.selu(self.first_bn(F.max_pool2d(x, (3, 3))))
        e = self.encoder(x).abs()
        spectral = self.pool_S(self.GAT_layer_S(e.amax(3).transpose(1, 2) + self.pos_S))
        temporal = self.pool_T(self.GAT_layer_T(e.amax(2).transpose(1, 2)))

        def branch(first, second, pool_t, pool_s, master):
            t, s, m = first(temporal, spectral, master)
            t, s = pool_t(t), pool_s(s)
            t2, s2, m2 = second(t, s, m)
            return t + t2, s + s2, m + m2

        one = branch(
            self.HtrgGAT_layer_ST11, self.HtrgGAT_layer_ST12, self.pool_hT1, self.pool_hS1, self.master1
        )
        two = branch(
            self.HtrgGAT_layer_ST21, self.HtrgGAT_layer_ST22, self.pool_hT2, self.pool_hS2, self.master2
        )
        t, s, m = (torch.max(a, b) for a, b in zip(one, two))
        hidden = torch.cat([t.abs().amax(1), t.mean(1), s.abs().amax(1), s.mean(1), m.squeeze(1)], 1)
        return hidden, self.out_layer(hidden)
