"""What is kept of logits, against a restatement with the left-out classes cut away."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.evaluation.from_logits import predict

CLASSES = (1, 2, 6, 7)


def reference(logits: np.ndarray, labels: np.ndarray, classes: tuple[int, ...]) -> dict:
    """Plain loops over [G, N, K]: the logits of `classes` alone, renumbered from 0."""
    groups, images, _ = logits.shape
    found = {name: np.zeros((groups, images)) for name in (
        "class_index", "top1_probability", "label_log_probability", "class_logit_sum",
        "class_mean_probability",
    )}  # fmt: skip
    probability = np.zeros((groups, images, len(classes)))
    for g in range(groups):
        for i in range(images):
            cut = [logits[g, i, k] for k in classes]
            exponents = [np.exp(value - max(cut)) for value in cut]
            probability[g, i] = [value / sum(exponents) for value in exponents]
    for g in range(groups):
        for i in range(images):
            best = max(range(len(classes)), key=lambda k: logits[g, i, classes[k]])
            found["class_index"][g, i] = classes[best]
            found["top1_probability"][g, i] = probability[g, i, best]
            place = classes.index(labels[i])
            found["label_log_probability"][g, i] = np.log(probability[g, i, place])
            found["class_logit_sum"][g, i] = sum(logits[h, i, classes[best]] for h in range(groups))
            found["class_mean_probability"][g, i] = probability[:, i, best].mean()
    return found


@pytest.mark.parametrize("classes", [CLASSES, None])
def test_predictions_equal_the_restatement(classes):
    generator = np.random.default_rng(2)
    logits = generator.normal(0, 3, (3, 40, 9))
    labels = generator.choice(CLASSES, 40)
    given = torch.from_numpy(logits).float()
    found = predict(given, image_index=np.arange(40), labels=labels, classes=classes)
    expected = reference(given.double().numpy(), labels, classes or tuple(range(9)))
    assert found.labels is labels
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(found, name), values, rtol=1e-5, atol=1e-6)
    assert np.isfinite(found.class_logit_sum).all()
    assert torch.equal(given, torch.from_numpy(logits).float())
