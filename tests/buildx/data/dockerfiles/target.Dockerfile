FROM layerbench-test/busybox:1 AS skipped
RUN false

FROM layerbench-test/busybox:1 AS wanted
COPY a.txt /
RUN cat /a.txt

FROM wanted AS later
RUN false
