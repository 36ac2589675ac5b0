"""Trains surrogates with PyTorch and scikit-learn on the answers that the C# surrogates were trained on.

Needs numpy, torch and scikit-learn (any version of the last five years); nothing else in the repository needs this file.

    dotnet run --project tests/InferenceShield.Statistics -c Release -- surrogates FOLDER
    python3 tests/InferenceShield.Statistics/Surrogates/compare_surrogates.py FOLDER

The first command writes the answers and the C# figures into FOLDER; the second adds its own figures and writes both to
results/surrogate-comparison.csv. Agreement is with the clean target on held-out rows, a mean over three seeds.
"""
import csv
import pathlib
import sys
import warnings

import numpy
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

SEEDS = (1, 2, 3)
HIDDEN = 128


def read(folder, name, *shape):
    return numpy.fromfile(folder / name, dtype="<f4").reshape(shape)


def scale(name, inputs, test):
    """Images share one scale, features of a table have one each."""
    if name == "fashion":
        return (inputs - inputs.mean()) / inputs.std(), (test - inputs.mean()) / inputs.std()
    scaler = StandardScaler().fit(inputs)
    return scaler.transform(inputs), scaler.transform(test)


def train_torch(inputs, targets, test, linear, seed):
    """Adam, one cycle of the learning rate, cross-entropy to distributions: the recipe of most papers."""
    torch.manual_seed(seed)
    width, classes = inputs.shape[1], targets.shape[1]
    model = torch.nn.Linear(width, classes) if linear else torch.nn.Sequential(
        torch.nn.Linear(width, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, classes))
    steps = int(40 * len(inputs) ** 0.5)
    rate = 2e-3 if width > 100 else 1e-2
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=steps)
    x, y = torch.from_numpy(inputs.astype("float32")), torch.from_numpy(targets)
    order, at = torch.randperm(len(x)), 0
    for _ in range(steps):
        if at + 128 > len(x):
            order, at = torch.randperm(len(x)), 0
        rows = order[at:at + 128]
        at += 128
        loss = -(y[rows] * torch.log_softmax(model(x[rows]), dim=1)).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        return model(torch.from_numpy(test.astype("float32"))).argmax(dim=1).numpy()


def train_sklearn(inputs, targets, test, linear, seed):
    """The library's own defaults, on labels, which is all its classifiers take."""
    labels = targets.argmax(axis=1)
    model = LogisticRegression(max_iter=100) if linear else MLPClassifier((HIDDEN,), max_iter=40, random_state=seed)
    return model.fit(inputs, labels).predict(test)


def main(folder):
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")  # both libraries of scikit-learn stop at the iterations they are given
    rows = []
    with open(folder / "figures.csv", newline="") as file:
        ours = list(csv.DictReader(file))
    for figure in ours:
        name, budget, answers, kind = (figure[key] for key in ("data", "queries", "answers", "surrogate"))
        width, classes = (int(value) for value in read(folder, f"{name}.shape", -1))
        test = read(folder, f"{name}.test", -1, width)
        clean = read(folder, f"{name}.clean", -1, classes).argmax(axis=1)
        truth = read(folder, f"{name}.labels", -1)
        trainers = {"torch": train_torch}
        if answers == "labels":
            trainers["scikit-learn"] = train_sklearn
        for library, train in trainers.items():
            agreements, accuracies = [], []
            for seed in SEEDS:
                inputs = read(folder, f"{name}-{budget}-{seed}.inputs", -1, width)
                targets = read(folder, f"{name}-{budget}-{seed}.answers", -1, classes)
                if answers == "labels":
                    targets = numpy.eye(classes, dtype="float32")[targets.argmax(axis=1)]
                scaled, scaled_test = scale(name, inputs, test)
                predicted = train(scaled, targets, scaled_test, kind == "Linear", seed)
                agreements.append((predicted == clean).mean())
                accuracies.append((predicted == truth).mean())
            rows.append([name, budget, answers, kind, figure["agreement"], figure["accuracy"], library,
                         f"{numpy.mean(agreements):.4f}", f"{numpy.mean(accuracies):.4f}"])
            print(*rows[-1], sep=",", flush=True)
    with open(pathlib.Path(__file__).parent.parent / "results" / "surrogate-comparison.csv", "w", newline="\n") as file:
        file.write("# surrogates FOLDER, then compare_surrogates.py FOLDER: the same answers, three seeds; agreement with the clean target on held-out rows\n")
        file.write("data,queries,answers,surrogate,agreement,accuracy,library,library agreement,library accuracy\n")
        file.writelines(",".join(row) + "\n" for row in rows)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
