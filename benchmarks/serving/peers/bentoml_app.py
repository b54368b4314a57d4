"""BentoML with its batching route asked directly; its two-service form fails under load."""

import base64

import bentoml
import common


@bentoml.service(workers=1, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
class Generator:
    def __init__(self):
        self.model = common.session()

    @bentoml.api(route="/generate", batchable=True, max_batch_size=common.MAX_BATCH, max_latency_ms=60_000)
    def run(self, seeds: list[int]) -> list[str]:
        return [base64.b64encode(common.encode(picture)).decode() for picture in common.run(self.model, seeds)]
