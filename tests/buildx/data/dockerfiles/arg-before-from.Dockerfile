ARG TAG=1
ARG FOLDER=/unused
FROM layerbench-test/busybox:${TAG} AS base
ARG FOLDER=/app
WORKDIR $FOLDER
FROM base
ARG FOLDER=/app
COPY a.txt ${FOLDER}/copy.txt
RUN ls $FOLDER
