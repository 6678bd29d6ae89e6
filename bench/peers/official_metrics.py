"""The metrics of an evaluation in numpy, organised as the ASVspoof tools are: every metric builds its own DET curve.

    python3 official_metrics.py <score file>

The file has the columns `utterance source key score`. Once it is read, one line of JSON says so and gives the values;
then every line on standard input asks for one round, answered by the milliseconds it took.

Definitions: DET curve and EER of the ASVspoof 2019 evaluation package, t-DCF of its plan (v1) and of Kinnunen et al.,
TASLP 2020 (v2), minDCF and Cllr of the ASVspoof 5 plan, track 1.
"""

import json
import sys
import time

import numpy as np

P_SPOOF, P_TARGET, P_NONTARGET = 0.05, 0.95 * 0.99, 0.95 * 0.01
COST_MISS, COST_FA = 1, 10
# The organisers' ASV system on the evaluation set of ASVspoof 2019 LA.
P_FA_ASV, P_MISS_ASV, P_MISS_SPOOF_ASV = 820 / 33327, 132 / 5370, 15290 / 63882


def det_curve(bonafide, spoof):
    scores = np.concatenate((bonafide, spoof))
    labels = np.concatenate((np.ones(bonafide.size), np.zeros(spoof.size)))
    order = np.argsort(scores, kind="mergesort")
    labels = labels[order]
    rejected_bonafide = np.cumsum(labels)
    accepted_spoof = spoof.size - (np.arange(1, scores.size + 1) - rejected_bonafide)
    miss = np.concatenate((np.atleast_1d(0), rejected_bonafide / bonafide.size))
    false_alarm = np.concatenate((np.atleast_1d(1), accepted_spoof / spoof.size))
    thresholds = np.concatenate((np.atleast_1d(scores[order[0]] - 0.001), scores[order]))
    return miss, false_alarm, thresholds


def equal_error_rate(bonafide, spoof):
    miss, false_alarm, thresholds = det_curve(bonafide, spoof)
    closest = np.argmin(np.abs(miss - false_alarm))
    return (miss[closest] + false_alarm[closest]) / 2, thresholds[closest]


def min_tdcf_v1(bonafide, spoof):
    miss, false_alarm, thresholds = det_curve(bonafide, spoof)
    c1 = P_TARGET * (COST_MISS - COST_MISS * P_MISS_ASV) - P_NONTARGET * COST_FA * P_FA_ASV
    c2 = COST_FA * P_SPOOF * (1 - P_MISS_SPOOF_ASV)
    costs = (c1 * miss + c2 * false_alarm) / min(c1, c2)
    lowest = np.argmin(costs)
    return costs[lowest], thresholds[lowest]


def min_tdcf_v2(bonafide, spoof):
    miss, false_alarm, thresholds = det_curve(bonafide, spoof)
    c0 = P_TARGET * COST_MISS * P_MISS_ASV + P_NONTARGET * COST_FA * P_FA_ASV
    c1 = P_TARGET * COST_MISS - c0
    c2 = COST_FA * P_SPOOF * (1 - P_MISS_SPOOF_ASV)
    costs = (c0 + c1 * miss + c2 * false_alarm) / (c0 + min(c1, c2))
    lowest = np.argmin(costs)
    return costs[lowest], thresholds[lowest]


def min_dcf(bonafide, spoof):
    miss, false_alarm, thresholds = det_curve(bonafide, spoof)
    miss_weight, fa_weight = COST_MISS * (1 - P_SPOOF), COST_FA * P_SPOOF
    costs = (miss_weight * miss + fa_weight * false_alarm) / min(miss_weight, fa_weight)
    lowest = np.argmin(costs)
    return costs[lowest], thresholds[lowest]


def cllr(bonafide, spoof):
    return (np.mean(np.log2(1 + np.exp(-bonafide))) + np.mean(np.log2(1 + np.exp(spoof)))) / 2


def all_metrics(bonafide, spoof, attacks):
    return {
        "eer": float(equal_error_rate(bonafide, spoof)[0]),
        "minTdcf": float(min_tdcf_v1(bonafide, spoof)[0]),
        "minTdcfV2": float(min_tdcf_v2(bonafide, spoof)[0]),
        "minDcf": float(min_dcf(bonafide, spoof)[0]),
        "cllr": float(cllr(bonafide, spoof)),
        "perAttack": {name: float(equal_error_rate(bonafide, scores)[0]) for name, scores in attacks.items()},
    }


def main(path):
    columns = np.loadtxt(path, dtype=str, usecols=(1, 2, 3), unpack=True)
    sources, keys, scores = columns[0], columns[1], columns[2].astype(np.float64)
    bonafide, spoof = scores[keys == "bonafide"], scores[keys == "spoof"]
    attacks = {str(name): scores[sources == name] for name in np.unique(sources[keys == "spoof"])}
    print(json.dumps({"numpy": np.__version__, "values": all_metrics(bonafide, spoof, attacks)}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        all_metrics(bonafide, spoof, attacks)
        print(json.dumps({"milliseconds": 1000 * (time.perf_counter() - start)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
