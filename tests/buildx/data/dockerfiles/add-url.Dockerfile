FROM layerbench-test/busybox:1
ADD http://files.example/hello.txt /hello.txt
RUN cat /hello.txt
