FROM scratch AS files
COPY a.txt /a.txt

FROM scratch
COPY --from=files /a.txt /b.txt
COPY b.txt /c.txt
