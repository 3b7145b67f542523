#!/bin/bash
# SPDX-License-Identifier: MIT
# nginx.sh - nginx with two workers serves files, also compressed, and takes a reload.
. "${0%/*}/lib.sh"
need nginx curl
plan 2

mkdir "$work/site"
perl -e 'print "line $_ of a page\n" for 1 .. 40000' >"$work/site/page.txt"
head -c 3000000 "$(command -v bash)" >"$work/site/binary" 2>/dev/null
cat >"$work/nginx.conf" <<EOC
daemon off;
pid $run/pid;
worker_processes 2;
error_log $run/error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $run/body; proxy_temp_path $run/proxy; fastcgi_temp_path $run/fastcgi;
    uwsgi_temp_path $run/uwsgi; scgi_temp_path $run/scgi;
    gzip on; gzip_types *; sub_filter page leaf; sub_filter_once off; sub_filter_types text/plain;
    server { listen unix:$run/socket; root $work/site; autoindex on; types { text/plain txt; } }
    server { listen unix:$run/second; location / { proxy_pass http://unix:$run/socket:/; } }
}
EOC
[ "$(id -u)" != 0 ] || echo "user root;" >>"$work/nginx.conf"

fetch() { curl -s -f --unix-socket "$1" "${@:3}" "http://localhost/$2"; }
serve_files() {
    serve nginx -c "$work/nginx.conf" -e "$run/error.log"
    wait_for fetch socket page.txt || { cat error.log server.log >&2; return 1; }
    local round
    for round in $(seq 15); do
        fetch socket page.txt | sha1sum
        fetch socket binary | sha1sum
        fetch second page.txt --compressed | sha1sum
        fetch second "binary?$round" -r 1000-900000 | sha1sum
        [ "$round" != 7 ] || kill -HUP "$server"
    done
    fetch socket nothing -o /dev/null -w '%{http_code}\n'
    stop_server QUIT || return 1
    grep -E 'alert|emerg|crit' error.log
    rm -rf ./*.log body proxy fastcgi uwsgi scgi pid socket second
}
compare "files, ranges, compression, a proxy and a reload" serve_files
loaded_in nginx curl
finish
