"""A small web service with a dependency that is compiled against a C library."""

import psycopg2
import uvicorn
from fastapi import FastAPI

app = FastAPI(title="layerbench sample")


def libpq_version() -> str:
    """Such as 15.18; libpq gives it as one number, the major version times 10000 plus the minor one."""
    major, minor = divmod(psycopg2.extensions.libpq_version(), 10_000)
    return f"{major}.{minor}"


@app.get("/")
def root() -> dict[str, str]:
    return {"message": "Hello from a container"}


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok", "psycopg2": psycopg2.__version__, "libpq": libpq_version()}


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8000)
