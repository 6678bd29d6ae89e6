"""OpenVINO's throughput mode: the same windows through an asynchronous queue, in float32 and in bfloat16.

python openvino_queue.py model.onnx windows.f32 precision...    (precisions: f32, bf16)
"""

import sys

import numpy as np
import openvino

from turns import take_turns


def queue_of(core, model, precision):
    hints = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": precision}
    return openvino.AsyncInferQueue(core.compile_model(model, "CPU", hints))


def main():
    path, windows_path, *precisions = sys.argv[1:]
    core = openvino.Core()
    model = core.read_model(path)
    length = model.inputs[0].get_partial_shape()[1].get_length()
    windows = np.fromfile(windows_path, dtype="<f4").reshape(-1, 1, length)
    queues = {precision: queue_of(core, model, precision) for precision in precisions}

    def logits(queue):
        found = [None] * len(windows)

        def keep(request, index):
            found[index] = request.get_tensor("logits").data[0].tolist()

        queue.set_callback(keep)
        for index, samples in enumerate(windows):
            queue.start_async({0: samples}, index)
        queue.wait_all()
        return found

    ready = {
        "version": f"OpenVINO {openvino.__version__.split('-')[0]}",
        "logits": {precision: logits(queue) for precision, queue in queues.items()},
        "requests": {precision: len(queue) for precision, queue in queues.items()},
    }
    take_turns(ready, {precision: lambda queue=queue: logits(queue) for precision, queue in queues.items()})


main()
