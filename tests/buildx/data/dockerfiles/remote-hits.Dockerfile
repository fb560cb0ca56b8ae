FROM layerbench-test/busybox:1 AS builder
RUN echo built > /built.txt

FROM layerbench-test/busybox:1
COPY a.txt /
RUN cat /a.txt > /b.txt
COPY --from=builder /built.txt /
