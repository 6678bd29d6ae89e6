"""Writes test/metrics/bootstrap-golden.json: scores and their percentile bootstrap intervals, resampled in numpy.

Needs numpy only and takes a minute; `npx prettier --write` the result. Every replicate resamples the trials themselves
(bona fide and spoof separately, spoof of all attacks together), sorts them and computes the metrics anew, with numpy's
own generator: with other random numbers the intervals agree within what 20,000 replicates leave to chance.
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(2024)
REPLICATES = 20_000
P_FA, P_MISS, P_MISS_SPOOF = 0.02, 0.03, 0.25
P_SPOOF, P_TARGET, P_NONTARGET = 0.05, 0.95 * 0.99, 0.95 * 0.01
COST_MISS, COST_FA = 1, 10


def draw(mean, deviation, count):
    return np.round(mean + deviation * rng.standard_normal(count), 4)


bonafide = draw(2, 1.5, 400)
attacks = {"A01": draw(-2.5, 1.5, 250), "A02": draw(-1, 1.5, 300), "A03": draw(0.5, 1, 150)}
spoof = np.concatenate(list(attacks.values()))
attack_of = np.concatenate([np.full(scores.size, name) for name, scores in attacks.items()])


def rates(positive, negative):
    scores = np.concatenate((positive, negative))
    is_positive = np.concatenate((np.ones(positive.size), np.zeros(negative.size)))
    order = np.argsort(scores, kind="stable")
    rejected_positive = np.concatenate(([0], np.cumsum(is_positive[order])))
    rejected = np.arange(scores.size + 1)
    ranked = scores[order]
    reachable = np.concatenate(([True], ranked[1:] != ranked[:-1], [True]))
    return (
        rejected_positive / positive.size,
        1 - (rejected - rejected_positive) / negative.size,
        reachable,
    )


def equal_error_rate(miss, false_alarm):
    closest = np.argmin(np.abs(miss - false_alarm))
    return (miss[closest] + false_alarm[closest]) / 2


c1 = P_TARGET * (COST_MISS - COST_MISS * P_MISS) - P_NONTARGET * COST_FA * P_FA
c2 = COST_FA * P_SPOOF * (1 - P_MISS_SPOOF)
c0_v2 = P_TARGET * COST_MISS * P_MISS + P_NONTARGET * COST_FA * P_FA
c1_v2 = P_TARGET * COST_MISS - c0_v2
miss_weight, fa_weight = COST_MISS * (1 - P_SPOOF), COST_FA * P_SPOOF
bayes_threshold = -np.log(miss_weight / fa_weight)


def min_tdcf(miss, false_alarm):
    return np.min(c1 * miss + c2 * false_alarm) / min(c1, c2)


def figures(positive, negative, attack):
    miss, false_alarm, reachable = rates(positive, negative)
    act_miss, act_fa = np.mean(positive < bayes_threshold), np.mean(negative >= bayes_threshold)
    values = {
        "eer": equal_error_rate(miss, false_alarm),
        "eerTieProper": equal_error_rate(miss[reachable], false_alarm[reachable]),
        "minTdcf": min_tdcf(miss, false_alarm),
        "minTdcfV2": np.min(c0_v2 + c1_v2 * miss + c2 * false_alarm) / (c0_v2 + min(c1_v2, c2)),
        "minDcf": np.min(miss_weight * miss + fa_weight * false_alarm) / min(miss_weight, fa_weight),
        "actDcf": (miss_weight * act_miss + fa_weight * act_fa) / min(miss_weight, fa_weight),
        "cllr": (np.mean(np.log2(1 + np.exp(-positive))) + np.mean(np.log2(1 + np.exp(negative)))) / 2,
    }
    for name in attacks:
        miss, false_alarm, _ = rates(positive, negative[attack == name])
        values[name + ".eer"] = equal_error_rate(miss, false_alarm)
        values[name + ".minTdcf"] = min_tdcf(miss, false_alarm)
    return values


replicates = []
for _ in range(REPLICATES):
    chosen = rng.integers(spoof.size, size=spoof.size)
    replicates.append(figures(rng.choice(bonafide, bonafide.size), spoof[chosen], attack_of[chosen]))


def interval(name, level):
    tail = 50 * (1 - level)
    return [float(end) for end in np.percentile([values[name] for values in replicates], [tail, 100 - tail])]


def first_draws(seed, size, count):
    """Whole numbers below `size` of xoroshiro128+ (Blackman and Vigna, 2018: 24, 16, 37) after one jump.

    The state starts as (2^64 − 1 − seed, seed · 2^32); a draw is the lower word of the sum with its sign bit turned,
    drawn anew when it is not below the greatest multiple of `size`, and the remainder taken.
    """
    mask = 2**64 - 1

    def advanced(s0, s1):
        mixed = s0 ^ s1
        rotated = (s0 << 24 | s0 >> 40) & mask
        return rotated ^ mixed ^ (mixed << 16 & mask), (mixed << 37 | mixed >> 27) & mask

    s0, s1, jumped0, jumped1 = mask - seed, seed << 32, 0, 0
    for bits in (0xDF900294D8F554A5, 0x170865DF4B3201FC):
        for bit in range(64):
            if bits >> bit & 1:
                jumped0, jumped1 = jumped0 ^ s0, jumped1 ^ s1
            s0, s1 = advanced(s0, s1)
    s0, s1, draws = jumped0, jumped1, []
    while len(draws) < count:
        word = (s0 + s1 & 0xFFFFFFFF) ^ 0x80000000
        s0, s1 = advanced(s0, s1)
        if word < 2**32 // size * size:
            draws.append(word % size)
    return draws


names = ["eer", "eerTieProper", "minTdcf", "minTdcfV2", "minDcf", "actDcf", "cllr"]
percentile_values = [float(value) for value in np.round(rng.standard_normal(23), 3)]
golden = {
    "description": "Scores with their percentile bootstrap intervals (20,000 replicates), and percentiles, by numpy.",
    "bonafide": bonafide.tolist(),
    "attacks": {name: scores.tolist() for name, scores in attacks.items()},
    "operatingPoint": {"eer": 0.025, "threshold": 0, "pFa": P_FA, "pMiss": P_MISS, "pMissSpoof": P_MISS_SPOOF},
    "intervals": {
        str(level): {
            **{name: interval(name, level) for name in names},
            "perAttack": {
                attack: {name: interval(f"{attack}.{name}", level) for name in ("eer", "minTdcf")} for attack in attacks
            },
        }
        for level in (0.95, 0.8)
    },
    "draws": [{"seed": seed, "size": 99_991, "drawn": first_draws(seed, 99_991, 8)} for seed in (0, 1, 2**32 - 1)],
    "percentiles": {
        "values": percentile_values,
        "intervals": {
            str(level): [float(end) for end in np.percentile(percentile_values, [50 * (1 - level), 50 * (1 + level)])]
            for level in (0.5, 0.9, 0.95, 0.99)
        },
    },
}

out = pathlib.Path(__file__).parents[2] / "test" / "metrics" / "bootstrap-golden.json"
out.write_text(json.dumps(golden, indent=2) + "\n")
