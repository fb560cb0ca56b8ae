FROM layerbench-test/busybox:1
WORKDIR /app
RUN --mount=type=cache,target=/root/.cache \
    --mount=type=bind,source=a.txt,target=a.txt \
    cp a.txt /root/.cache/ && cp a.txt b.txt
RUN --mount=type=tmpfs,target=/scratch touch /scratch/x
