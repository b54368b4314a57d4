"""The same models behind LitServe, batched as it batches: whole requests, all of them for as long as the longest.

Runs in an environment of its own, with litserve, onnxruntime and numpy: python steps_litserve.py PACKAGE MODEL PORT
"""

import sys
from pathlib import Path

import litserve
import onnxruntime
from whole_requests import PREDICT

PACKAGE, MODEL, PORT = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])


class Denoiser(litserve.LitAPI):
    """Requests ``{"seed": 1, "steps": 20}``."""

    def setup(self, device):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.sessions = {
            str(path.relative_to(PACKAGE)): onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
            for path in PACKAGE.rglob("*.onnx")
        }

    def decode_request(self, request):
        return request["seed"], request["steps"]

    def batch(self, inputs):
        return inputs

    def predict(self, jobs):
        made = PREDICT[MODEL](lambda name, feeds: self.sessions[name].run(None, feeds)[0], jobs)
        return [float(sample.sum()) for sample in made]

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return {"sum": output}


if __name__ == "__main__":
    server = litserve.LitServer(Denoiser(max_batch_size=16, batch_timeout=0.005), accelerator="cpu", timeout=120)
    server.run(host="127.0.0.1", port=PORT, num_api_servers=1, generate_client_file=False, log_level="warning")
