FROM layerbench-test/busybox:1
COPY a.txt /
RUN echo "to stdout"; echo "to stderr" >&2; printf 'no end of line'; exit 7
RUN echo never
