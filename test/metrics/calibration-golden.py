"""Writes calibration-golden.json: what scikit-learn makes of the scores in ties-golden.json and of two published score files.

    pip install scikit-learn
    python calibration-golden.py CM_SCORES_FOLDER > calibration-golden.json

Logistic regression without a penalty, both classes weighing the same; isotonic regression with one trial of each class
added at both ends, and, for the lowest Cllr, without them.
"""
import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression


def cllr(bonafide, spoof):
    return (np.mean(np.logaddexp(0, -bonafide)) + np.mean(np.logaddexp(0, spoof))) / (2 * np.log(2))


def logistic(bonafide, spoof):
    scores = np.concatenate([bonafide, spoof])
    mean, spread = scores.mean(), scores.std()
    keys = np.concatenate([np.ones(len(bonafide)), np.zeros(len(spoof))])
    weights = np.concatenate([np.full(len(bonafide), 0.5 / len(bonafide)), np.full(len(spoof), 0.5 / len(spoof))])
    fit = LogisticRegression(penalty=None, solver="newton-cholesky", tol=1e-14, max_iter=1000)
    fit.fit(((scores - mean) / spread)[:, None], keys, sample_weight=weights * len(scores))
    slope = fit.coef_[0, 0] / spread
    return slope, fit.intercept_[0] - slope * mean


def isotonic(bonafide, spoof, ends):
    scores = np.concatenate([bonafide, spoof])
    keys = np.concatenate([np.ones(len(bonafide)), np.zeros(len(spoof))])
    if ends:
        scores = np.concatenate([scores, [scores.min()] * 2, [scores.max()] * 2])
        # Outside of all others, so that they are no part of a tie.
        scores[-4:-2] -= 1
        scores[-2:] += 1
        keys = np.concatenate([keys, [1, 0, 1, 0]])
    fit = IsotonicRegression().fit(scores, keys)

    def ratio(at):
        share = fit.predict(at)
        with np.errstate(divide="ignore"):
            return np.log(share) - np.log1p(-share) - np.log(len(bonafide) / len(spoof))

    return ratio


def golden(bonafide, spoof):
    slope, offset = logistic(bonafide, spoof)
    pav = isotonic(bonafide, spoof, True)
    best = isotonic(bonafide, spoof, False)
    scores = np.sort(np.concatenate([bonafide, spoof]))
    probes = scores[np.linspace(0, len(scores) - 1, 23).astype(int)]
    return {
        "logistic": {
            "slope": slope,
            "offset": offset,
            "cllr": cllr(slope * bonafide + offset, slope * spoof + offset),
        },
        "pav": {
            "scores": probes.tolist(),
            "ratios": pav(probes).tolist(),
            "cllr": cllr(pav(bonafide), pav(spoof)),
        },
        "minCllr": cllr(best(bonafide), best(spoof)),
    }


def main():
    ties = json.loads(Path(__file__).with_name("ties-golden.json").read_text())
    result = {
        "description": f"calibration-golden.py with scikit-learn {sklearn.__version__}",
        "ties": golden(np.array(ties["bonafide"]), np.array(sum(ties["attacks"].values(), []))),
    }
    for path in sorted(Path(sys.argv[1]).glob("*.txt")):
        rows = [line.split() for line in path.read_text().splitlines()]
        of = lambda key: np.array([float(row[3]) for row in rows if row[2] == key])
        result[path.stem] = golden(of("bonafide"), of("spoof"))
    json.dump(result, sys.stdout, indent=2)
    print()


main()
