"""Runs a model on ONNX Runtime's CANN provider and on its CPU provider, on the same inputs, and prints what it found.

    python onnxruntime_cann.py MODEL RUNS [SETTING=VALUE]...

Settings go to the CANN provider. Needs `pip install onnxruntime-cann "numpy<2"`. The last line on stdout is JSON.
"""

import json
import sys

import numpy
import onnxruntime


def random_inputs(session, generator):
    return {
        each.name: generator.standard_normal(each.shape).astype(numpy.float32) for each in session.get_inputs()
    }


def node_providers(profile):
    """Provider of every executed node, each once."""
    with open(profile, encoding="utf8") as file:
        events = json.load(file)
    return sorted({event["args"]["provider"] for event in events if event.get("cat") == "Node"})


def main():
    model, runs, *settings = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    cann = {"device_id": 0, "enable_cann_graph": True, **dict(setting.split("=", 1) for setting in settings)}
    session = onnxruntime.InferenceSession(
        model, options, providers=[("CANNExecutionProvider", cann), "CPUExecutionProvider"]
    )
    reference = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    generator = numpy.random.default_rng(20)
    found = {"providers": session.get_providers(), "differences": [], "firsts": [], "error": None}
    for _ in range(int(runs)):
        inputs = random_inputs(session, generator)
        try:
            outputs = session.run(None, inputs)
        except Exception as error:  # pylint: disable=broad-except
            found["error"] = f"{type(error).__name__}: {error}"
            break
        expected = reference.run(None, inputs)
        found["differences"].append(
            max(float(numpy.abs(a - b).max()) for a, b in zip(outputs, expected, strict=True))
        )
        found["firsts"].append([float(output.flat[0]) for output in outputs])
    found["nodes"] = node_providers(session.end_profiling())
    print(json.dumps(found))


main()
