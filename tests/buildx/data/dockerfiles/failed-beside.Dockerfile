FROM layerbench-test/busybox:1 AS slow
RUN sleep 20

FROM layerbench-test/busybox:1 AS quick
RUN sleep 1; exit 3

FROM layerbench-test/busybox:1
COPY --from=slow /bin/sh /slow
COPY --from=quick /bin/sh /quick
