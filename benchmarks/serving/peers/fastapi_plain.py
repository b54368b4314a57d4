"""What one writes first: FastAPI, an ``async`` route, ``session.run`` in it."""

import common
import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel

app = FastAPI()
model = common.session()


class Request(BaseModel):
    seed: int


@app.post("/generate")
async def generate(request: Request):
    return Response(common.encode(common.run(model, [request.seed])[0]), media_type="image/png")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=common.PORT, log_level="warning", access_log=False)
