FROM layerbench-test/busybox:1
RUN echo one
WORKDIR /
COPY a.txt .
WORKDIR /app
RUN echo two
WORKDIR /
