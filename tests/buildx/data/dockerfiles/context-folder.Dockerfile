FROM layerbench-test/busybox:1
COPY --from=extra big.txt /
COPY a.txt /
