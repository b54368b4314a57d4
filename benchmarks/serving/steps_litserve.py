"""The same denoiser behind LitServe, batched as it batches: whole requests, all of them for as long as the longest.

Runs in an environment of its own, with litserve, onnxruntime and numpy: python steps_litserve.py MODEL PORT
"""

import sys

import litserve
import numpy
import onnxruntime

MODEL, PORT = sys.argv[1], int(sys.argv[2])


class Denoiser(litserve.LitAPI):
    """Requests ``{"seed": 1, "steps": 20}``."""

    def setup(self, device):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])

    def decode_request(self, request):
        return request["seed"], request["steps"]

    def batch(self, inputs):
        return inputs

    def predict(self, jobs):
        shape = (1, 32, 64)
        samples = numpy.stack(
            [numpy.random.default_rng(s).standard_normal(shape, dtype=numpy.float32) for s, _ in jobs]
        )
        wanted = numpy.array([steps for _, steps in jobs], numpy.float32)
        each = wanted[:, None, None, None]
        condition = numpy.ones((len(jobs), 4), numpy.float32)
        for step in range(int(wanted.max())):
            # Who has finished keeps its place in the batch until the longest has.
            time = numpy.minimum(1, step / wanted).astype(numpy.float32)
            feeds = {"sample": samples, "time": time, "condition": condition}
            (velocity,) = self.session.run(["velocity"], feeds)
            samples = numpy.where(step < each, samples + velocity / each, samples)
        return [float(sample.sum()) for sample in samples]

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return {"sum": output}


if __name__ == "__main__":
    server = litserve.LitServer(Denoiser(max_batch_size=16, batch_timeout=0.005), accelerator="cpu", timeout=120)
    server.run(host="127.0.0.1", port=PORT, num_api_servers=1, generate_client_file=False, log_level="warning")
