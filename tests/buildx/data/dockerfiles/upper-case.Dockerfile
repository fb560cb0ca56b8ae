FROM layerbench-test/busybox:1 AS BUILDER
WORKDIR /src
RUN echo upper > a.txt

FROM layerbench-test/busybox:1 AS Final
COPY --from=BUILDER /src/a.txt /
copy --from=builder /src/a.txt /b.txt
run cat /a.txt
