FROM layerbench-test/busybox:1 AS builder
WORKDIR /app
COPY a.txt .
RUN cat a.txt > b.txt

FROM layerbench-test/busybox:1
WORKDIR /app
COPY a.txt .
RUN cat a.txt > b.txt
COPY --from=builder /app/b.txt c.txt
