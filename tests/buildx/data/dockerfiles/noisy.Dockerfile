FROM layerbench-test/busybox:1
RUN i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo "line $i"; done; printf '10%%\r50%%\r100%%\n'; printf 'dos\r\n'; printf '\033[31mred\033[0m\n'; printf 'last'; exit 1
