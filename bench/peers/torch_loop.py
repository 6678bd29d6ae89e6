"""The evaluation loop one writes in PyTorch: read, cut or repeat, score, a clip at a time, with default settings.

python torch_loop.py checkpoint.pth config.conf clip.flac...
"""

import sys

import numpy as np
import soundfile
import torch

from aasist_torch import Aasist
from turns import take_turns


def window(path, length):
    samples, _ = soundfile.read(path, dtype="float32")
    return np.resize(samples, length)


def main():
    checkpoint, config, *clips = sys.argv[1:]
    network = Aasist(checkpoint, config)

    def scores():
        found = []
        with torch.no_grad():
            for clip in clips:
                batch = torch.from_numpy(window(clip, network.window_samples)).unsqueeze(0)
                found.append(network.logits(batch)[0, 1].item())
        return found

    version = f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
    take_turns({"version": version, "scores": scores()}, {"go": scores})


main()
