FROM scratch
WORKDIR /app
COPY a.txt .
COPY <<END b.txt
b
END
