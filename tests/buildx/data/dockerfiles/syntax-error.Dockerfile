FROM layerbench-test/busybox:1
RUN echo fine
COPPY a.txt /
