FROM layerbench-test/busybox:1
RUN <<END
set -e
echo one > /one.txt
echo two > /two.txt
END
COPY <<END /three.txt
three
END
COPY <<FOUR <<FIVE /both/
four
FOUR
five
FIVE
RUN <<SCRIPT cat > /six.txt
six
SCRIPT
