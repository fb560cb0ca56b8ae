FROM layerbench-test/busybox:1
ARG VALUE=before
RUN echo $VALUE > /parent.txt
COPY --link a.txt /app/
RUN cat /app/a.txt
