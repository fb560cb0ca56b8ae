FROM layerbench-test/busybox:1
# a comment, and an instruction over two lines
WORKDIR /app
COPY a.txt .

RUN cat a.txt && \
    echo done
ENV GREETING=hello
CMD ["cat", "a.txt"]
