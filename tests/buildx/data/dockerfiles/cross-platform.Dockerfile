FROM --platform=$BUILDPLATFORM layerbench-test/busybox:1 AS builder
ARG TARGETARCH
RUN echo $TARGETARCH > /arch.txt

FROM scratch
COPY --from=builder /arch.txt /
