FROM layerbench-test/busybox:1
WORKDIR /größe
COPY ärger.txt ./日本語.txt
RUN echo "žluťoučký kůň 🐎"; cat /größe/日本語.txt
