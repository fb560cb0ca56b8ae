FROM python:3.12-slim AS builder
WORKDIR /app
COPY a.txt .
RUN cat a.txt

FROM python:3.12-slim
WORKDIR /srv
COPY --from=builder /app/a.txt .
