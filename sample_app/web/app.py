"""A small web service, there to be put into container images."""

import uvicorn
from fastapi import FastAPI

app = FastAPI(title="layerbench sample")


@app.get("/")
def root() -> dict[str, str]:
    return {"message": "Hello from a container"}


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8000)
