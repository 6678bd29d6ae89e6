"""Writes test/fixtures/onnx/torch-*.onnx: the tiny checkpoints as PyTorch's exporter writes them, for `convert --model`.

Needs torch, numpy and onnx:

    python scripts/reference/make-exports.py
"""

import json
from pathlib import Path

import torch

from aasist import Aasist

FIXTURES = Path(__file__).resolve().parents[2] / "test" / "fixtures"

# The first as the original guide exports: one name for two outputs, so that it lands on the hidden vector. The second
# is as far from that as the exporter goes: open batch, sizes computed at run time, nothing folded.
EXPORTS = {
    "torch-tiny-degenerate-opset11": ("tiny-degenerate", {"opset_version": 11, "output_names": ["output"]}),
    "torch-tiny-random-dynamic-opset17": (
        "tiny-random",
        {
            "opset_version": 17,
            "output_names": ["h", "y"],
            "dynamic_axes": {"input": {0: "clips"}, "h": {0: "clips"}, "y": {0: "clips"}},
            "do_constant_folding": False,
        },
    ),
}


def main():
    for name, (checkpoint, options) in EXPORTS.items():
        config = json.loads((FIXTURES / "checkpoints" / f"{checkpoint}.conf").read_text())["model_config"]
        model = Aasist(config)
        weights = torch.load(FIXTURES / "checkpoints" / f"{checkpoint}.pth", weights_only=True)
        missing = model.load_state_dict(weights, strict=False).missing_keys
        assert not missing, missing
        file = FIXTURES / "onnx" / f"{name}.onnx"
        samples = torch.zeros(1, config["nb_samp"])
        torch.onnx.export(model.eval(), (samples,), file, dynamo=False, input_names=["input"], **options)
        print(file.name, file.stat().st_size)


main()
