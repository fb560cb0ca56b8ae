FROM layerbench-test/busybox:1
COPY a.txt /
RUN echo begun; sleep 60
RUN echo never
