FROM layerbench-test/busybox:1 AS builder
WORKDIR /src
COPY a.txt .
RUN tr a-z A-Z < a.txt > b.txt

FROM builder AS checks
RUN grep -q . b.txt

FROM layerbench-test/busybox:1
WORKDIR /app
COPY --from=builder /src/b.txt .
COPY --from=checks /src/a.txt .
RUN cat b.txt
