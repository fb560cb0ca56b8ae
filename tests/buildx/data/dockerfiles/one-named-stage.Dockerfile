FROM layerbench-test/busybox:1 AS app
WORKDIR /app
RUN echo named > name.txt
