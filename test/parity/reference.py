"""Runs scikit-learn or XGBoost on raw files that reference.ts wrote; one thread; answers in raw files and JSON.

Arguments: job folder. job.json: kind, rows, testRows, columns, classes, options. Little-endian float64 and uint16.
"""
import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402  after the thread count

folder = sys.argv[1]
with open(f"{folder}/job.json") as file:
    job = json.load(file)
kind, options, columns = job["kind"], job["options"], job["columns"]


def matrix(name, rows):
    return np.fromfile(f"{folder}/{name}", dtype="<f8").reshape(rows, columns)


train = matrix("train.f64", job["rows"])
test = matrix("test.f64", job["testRows"])
labels = np.fromfile(f"{folder}/labels.u16", dtype="<u2").astype(int)
answer = {}


def timed_scoring(work, runs=7):
    """The best of several, as ours is measured."""
    best = float("inf")
    for _ in range(runs):
        begin = time.process_time()
        result = work()
        best = min(best, time.process_time() - begin)
    answer["scoreSeconds"] = best
    return result


if kind == "random_forest":
    import sklearn
    from sklearn.ensemble import RandomForestClassifier

    answer["version"] = "scikit-learn " + sklearn.__version__
    model = RandomForestClassifier(n_jobs=1, max_features="sqrt", **{"random_state": 1, **options})
    model.fit(train, labels)
    scores = timed_scoring(lambda: model.predict_proba(test))
elif kind == "isolation_forest":
    import sklearn
    from sklearn.ensemble import IsolationForest

    answer["version"] = "scikit-learn " + sklearn.__version__
    model = IsolationForest(n_jobs=1, **{"random_state": 1, **options})
    model.fit(train)
    scores = timed_scoring(lambda: -model.score_samples(test))
elif kind == "gradient_boosting":
    import xgboost

    answer["version"] = "xgboost " + xgboost.__version__
    rounds = options.pop("rounds")
    many = job["classes"] > 2
    parameters = {
        "objective": "multi:softprob" if many else "binary:logistic",
        "tree_method": "hist",
        "nthread": 1,
        "verbosity": 0,
        **({"num_class": job["classes"]} if many else {}),
        **options,
    }
    booster = xgboost.train(parameters, xgboost.DMatrix(train, labels), rounds)
    # Made outside the measure: our rows are ready too. Not cached: a DMatrix keeps its last margins.
    ready = [xgboost.DMatrix(test) for _ in range(7)]
    scores = timed_scoring(lambda: booster.predict(ready.pop()))
elif kind == "ranking":
    # Columns of `train`: the score; `labels`: whether positive. What our metrics must agree with.
    import sklearn
    from sklearn.isotonic import IsotonicRegression
    from sklearn.metrics import average_precision_score, roc_auc_score

    answer["version"] = "scikit-learn " + sklearn.__version__
    answer["auc"] = roc_auc_score(labels, train[:, 0])
    answer["averagePrecision"] = average_precision_score(labels, train[:, 0])
    isotonic = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1)
    isotonic.fit(train[:, 0], labels)
    scores = isotonic.predict(test[:, 0])
else:
    sys.exit("There is no kind " + kind)

np.ascontiguousarray(scores, dtype="<f8").tofile(f"{folder}/scores.f64")
print(json.dumps(answer))
