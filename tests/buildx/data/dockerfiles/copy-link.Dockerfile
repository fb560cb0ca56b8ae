FROM layerbench-test/busybox:1
RUN echo parent > /parent.txt
COPY --link a.txt /app/
COPY --link b.txt /app/
RUN cat /app/a.txt /app/b.txt
