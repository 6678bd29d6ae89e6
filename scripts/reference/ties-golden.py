"""Writes test/metrics/ties-golden.json: scores on a grid of 0.25 and their metrics, brute force from the definitions.

Needs numpy only; `npx prettier --write` the result. The definitions are those of the ASVspoof challenges:
* operating points: k = 0 … N lowest scores rejected, in ascending order with bona fide before spoof among equals
  (ASVspoof 2019 evaluation package); "tie-proper" keeps only the points a threshold can reach;
* t-DCF: ASVspoof 2019 evaluation plan (v1); Kinnunen et al., IEEE/ACM TASLP 2020 (v2);
* minDCF, actDCF and Cllr: ASVspoof 5 evaluation plan, track 1.
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(2019)


def draw(mean, deviation, count):
    # Through standard_normal, whose stream numpy has kept the same; rounding to the grid makes the ties.
    return [float(score) for score in np.round((mean + deviation * rng.standard_normal(count)) * 4) / 4]


bonafide = draw(1.2, 1, 40)
attacks = {"A01": draw(-1.5, 1, 30), "A02": draw(-0.2, 1, 37), "A03": draw(0.9, 1, 23)}
asv = {"target": draw(2.5, 1, 30), "nontarget": draw(-0.5, 1, 41), "spoof": draw(1, 1.5, 50)}


def operating_points(positive, negative):
    """(miss, false alarm, threshold, reachable) of each point, every one counted anew."""
    ranked = sorted([(score, 0) for score in positive] + [(score, 1) for score in negative])
    points = []
    for k in range(len(ranked) + 1):
        rejected, accepted = ranked[:k], ranked[k:]
        miss = sum(kind == 0 for _, kind in rejected) / len(positive)
        false_alarm = sum(kind == 1 for _, kind in accepted) / len(negative)
        threshold = ranked[k - 1][0] if k > 0 else ranked[0][0] - 0.001
        reachable = k == 0 or not accepted or rejected[-1][0] < accepted[0][0]
        points.append((miss, false_alarm, threshold, reachable))
    return points


def equal_error_rate(points):
    # min() keeps the first of equals.
    miss, false_alarm, threshold, _ = min(points, key=lambda point: abs(point[0] - point[1]))
    return (miss + false_alarm) / 2, threshold


def lowest_cost(points, c0, c1, c2):
    cost, _, threshold = min((c0 + c1 * p[0] + c2 * p[1], k, p[2]) for k, p in enumerate(points))
    return cost, threshold


asv_eer, asv_threshold = equal_error_rate(operating_points(asv["target"], asv["nontarget"]))
p_fa = float(np.mean(np.array(asv["nontarget"]) >= asv_threshold))
p_miss = float(np.mean(np.array(asv["target"]) < asv_threshold))
p_miss_spoof = float(np.mean(np.array(asv["spoof"]) < asv_threshold))

P_SPOOF, P_TARGET, P_NONTARGET = 0.05, 0.95 * 0.99, 0.95 * 0.01
COST_MISS, COST_FA = 1, 10
c1 = P_TARGET * (COST_MISS - COST_MISS * p_miss) - P_NONTARGET * COST_FA * p_fa
c2 = COST_FA * P_SPOOF * (1 - p_miss_spoof)
c0_v2 = P_TARGET * COST_MISS * p_miss + P_NONTARGET * COST_FA * p_fa
c1_v2 = P_TARGET * COST_MISS - c0_v2


def min_tdcf(points):
    cost, threshold = lowest_cost(points, 0, c1, c2)
    return cost / min(c1, c2), threshold


spoof = sum(attacks.values(), [])
points = operating_points(bonafide, spoof)
eer, eer_threshold = equal_error_rate(points)
tie_proper_eer, tie_proper_threshold = equal_error_rate([point for point in points if point[3]])
tdcf, tdcf_threshold = min_tdcf(points)
tdcf_v2 = lowest_cost(points, c0_v2, c1_v2, c2)[0] / (c0_v2 + min(c1_v2, c2))

miss_weight, fa_weight = COST_MISS * (1 - P_SPOOF), COST_FA * P_SPOOF
bayes_threshold = -np.log(miss_weight / fa_weight)
act_miss = np.mean(np.array(bonafide) < bayes_threshold)
act_fa = np.mean(np.array(spoof) >= bayes_threshold)
cllr = (np.mean(np.log2(1 + np.exp(-np.array(bonafide)))) + np.mean(np.log2(1 + np.exp(np.array(spoof))))) / 2

per_attack = {}
for attack, scores in attacks.items():
    attack_points = operating_points(bonafide, scores)
    per_attack[attack] = {"eer": equal_error_rate(attack_points)[0], "minTdcf": min_tdcf(attack_points)[0]}

golden = {
    "description": "Scores on a grid of 0.25, so that most are tied, with metrics from an independent numpy "
    "implementation of the published formulas (brute force over operating points).",
    "bonafide": bonafide,
    "attacks": attacks,
    "asv": asv,
    "expected": {
        "eer": eer,
        "eerThreshold": eer_threshold,
        "eerTieProper": tie_proper_eer,
        "eerTieProperThreshold": tie_proper_threshold,
        "minTdcf": tdcf,
        "minTdcfThreshold": tdcf_threshold,
        "minTdcfV2": tdcf_v2,
        "minDcf": lowest_cost(points, 0, miss_weight, fa_weight)[0] / min(miss_weight, fa_weight),
        "actDcf": float((miss_weight * act_miss + fa_weight * act_fa) / min(miss_weight, fa_weight)),
        "cllr": float(cllr),
        "operatingPoint": {
            "eer": asv_eer,
            "threshold": asv_threshold,
            "pFa": p_fa,
            "pMiss": p_miss,
            "pMissSpoof": p_miss_spoof,
        },
        "perAttack": per_attack,
    },
}

out = pathlib.Path(__file__).parents[2] / "test" / "metrics" / "ties-golden.json"
out.write_text(json.dumps(golden, indent=2) + "\n")
