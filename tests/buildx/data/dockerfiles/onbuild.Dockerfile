FROM layerbench-test/onbuild:1
RUN cat /onbuild/a.txt
COPY b.txt /b.txt
