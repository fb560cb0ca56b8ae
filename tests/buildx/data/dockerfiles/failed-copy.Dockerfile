FROM layerbench-test/busybox:1
COPY a.txt /
COPY missing.txt /
RUN echo never
