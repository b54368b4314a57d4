"""Ray Serve with ``@serve.batch``."""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import common
import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

PASSED_ON = ("MODEL", "MODELS", "PORT", "ENCODER", "DEADLY", "PYTHONPATH")


@serve.deployment(num_replicas=1, max_ongoing_requests=256, ray_actor_options={"num_cpus": 1})
class Generator:
    def __init__(self):
        self.model = common.session()

    @serve.batch(max_batch_size=common.MAX_BATCH, batch_wait_timeout_s=common.WAIT_SECONDS)
    async def run(self, seeds):
        return [common.encode(picture) for picture in common.run(self.model, seeds)]

    async def __call__(self, request: Request):
        return Response(await self.run((await request.json())["seed"]), media_type="image/png")


if __name__ == "__main__":
    here = str(Path(__file__).parent)
    path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {"PYTHONPATH": path}
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": environment},
        object_store_memory=200 << 20,
    )  # fmt: skip
    options = {"host": "127.0.0.1", "port": common.PORT}
    serve.start(http_options=options, logging_config={"enable_access_log": False, "log_level": "WARNING"})
    serve.run(Generator.bind(), route_prefix="/generate")
    sys.stdout.write("ready\n")
    while True:
        time.sleep(3600)
