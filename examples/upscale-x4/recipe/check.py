# SPDX-License-Identifier: Apache-2.0
"""Compares the converted network with ncnn, which the original files were made for.

python check.py NET.param NET.bin ../package/model.onnx
"""

from __future__ import annotations

import os
import sys

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import ncnn
import numpy as np
import onnxruntime

TOLERANCE = 1e-4


def main() -> None:
    """Run both on the same random picture and print the largest difference."""
    parameters, weights, converted = sys.argv[1:4]
    picture = np.random.default_rng(1).integers(0, 256, (96, 112, 3), np.uint8)
    net = ncnn.Net()
    net.opt.use_fp16_storage = net.opt.use_fp16_packed = net.opt.use_fp16_arithmetic = False
    net.load_param(parameters)
    net.load_model(weights)
    extractor = net.create_extractor()
    # ncnn.Mat does not keep a numpy array alive, so the picture goes in as pixels.
    given = ncnn.Mat.from_pixels(picture, ncnn.Mat.PixelType.PIXEL_RGB, picture.shape[1], picture.shape[0])
    given.substract_mean_normalize([], [1 / 255] * 3)
    extractor.input("data", given)
    expected = np.clip(np.array(extractor.extract("output")[1]), 0, 1)
    session = onnxruntime.InferenceSession(converted, providers=["CPUExecutionProvider"])
    found = session.run(None, {"image": (picture.astype(np.float32) / 255).transpose(2, 0, 1)[None]})[0][0]
    difference = float(np.abs(found - expected).max())
    print(f"{found.shape}, largest difference {difference:.2e}")
    if difference > TOLERANCE:
        raise SystemExit("The converted network differs from the original.")


if __name__ == "__main__":
    main()
