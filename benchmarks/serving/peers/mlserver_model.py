"""MLServer with adaptive batching and one worker process."""

import common
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Generator(MLModel):
    async def load(self):
        self.model = common.session()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        seeds = NumpyCodec.decode_input(payload.inputs[0]).reshape(-1)
        pictures = [common.encode(picture) for picture in common.run(self.model, seeds)]
        return InferenceResponse(model_name=self.name, outputs=[Base64Codec.encode_output("image", pictures)])
