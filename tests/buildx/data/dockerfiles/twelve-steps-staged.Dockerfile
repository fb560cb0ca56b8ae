FROM layerbench-test/busybox:1 AS builder
WORKDIR /app
COPY a.txt .
RUN echo 4
RUN echo 5
RUN echo 6
RUN echo 7
RUN echo 8
RUN echo 9
RUN echo 10
RUN echo 11
RUN echo 12

FROM layerbench-test/busybox:1
COPY --from=builder /app /app
