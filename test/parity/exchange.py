"""Trains XGBoost models of several kinds and writes them with their answers; then answers by models of ours.

Arguments: folder. train.f32, labels.u16 and job.json ({"rows", "columns", "classes"}) are there; ours-*.json may be.
"""
import glob
import json
import os
import sys

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402  after the thread count
import xgboost as xgb  # noqa: E402

folder = sys.argv[1]
with open(f"{folder}/job.json") as file:
    job = json.load(file)
rows = np.fromfile(f"{folder}/train.f32", dtype="<f4").reshape(job["rows"], job["columns"])
labels = np.fromfile(f"{folder}/labels.u16", dtype="<u2").astype(int)
two = (labels > 0).astype(int)
common = {"tree_method": "hist", "nthread": 1, "verbosity": 0, "max_depth": 5, "seed": 1}
many = {"objective": "multi:softprob", "num_class": job["classes"]}
kinds = {
    "two": ({"objective": "binary:logistic"}, two),
    "start": ({"objective": "binary:logistic", "base_score": 0.1}, two),
    "dart": ({"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.3}, two),
    "many": (many, labels),
    "parallel": ({**many, "num_parallel_tree": 2, "subsample": 0.7}, labels),
}
for name, (options, target) in kinds.items():
    model = xgb.train({**common, **options}, xgb.DMatrix(rows, target), 12)
    model.save_model(f"{folder}/{name}.json")
    model.save_model(f"{folder}/{name}.ubj")
    model.predict(xgb.DMatrix(rows)).astype("<f4").tofile(f"{folder}/{name}.f32")
model = xgb.train({**common, "objective": "reg:squarederror"}, xgb.DMatrix(rows, two), 2)
model.save_model(f"{folder}/regression.json")
for path in glob.glob(f"{folder}/ours-*.json"):
    model = xgb.Booster({"nthread": 1})
    model.load_model(path)
    matrix = xgb.DMatrix(rows)
    answers = model.predict(matrix, validate_features=False)
    answers.astype("<f4").tofile(path.replace(".json", ".f32"))
    contributions = model.predict(matrix, validate_features=False, pred_contribs=True)
    contributions.astype("<f4").tofile(path.replace(".json", ".shap"))
