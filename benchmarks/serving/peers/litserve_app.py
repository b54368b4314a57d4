"""LitServe with dynamic batches."""

import common
import litserve
import numpy as np
from fastapi import Response


class API(litserve.LitAPI):
    def setup(self, device):
        self.model = common.session()

    def decode_request(self, request):
        return request["seed"]

    def batch(self, inputs):
        return np.array(inputs)

    def predict(self, seeds):
        return common.run(self.model, seeds)

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return Response(content=common.encode(output), media_type="image/png")


if __name__ == "__main__":
    api = API(max_batch_size=common.MAX_BATCH, batch_timeout=common.WAIT_SECONDS, api_path="/generate")
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, timeout=60)
    server.run(
        host="127.0.0.1", port=common.PORT, num_api_servers=1, generate_client_file=False, log_level="warning",
        access_log=False,
    )  # fmt: skip
