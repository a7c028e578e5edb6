#!/bin/sh
# Runs the built examples in directory $1 against its `sink`, and checks what they say and what arrived.
set -eu
bin=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Begins a server, with its arguments; its port is in $port. `finish` ends it and leaves what it got in $scratch/got.
begin() {
    mkfifo "$scratch/in" "$scratch/out"
    "$bin/sink" "$@" <"$scratch/in" >"$scratch/out" &
    server=$!
    exec 3>"$scratch/in" 4<"$scratch/out"
    read -r port <&4
}
finish() {
    exec 3>&-
    cat <&4 | tr -d '\r' >"$scratch/got"
    exec 4<&-
    wait "$server"
    rm "$scratch/in" "$scratch/out"
}
expect() { # what is in a file
    grep -q -x -e "$1" "$2" || { echo "no line '$1' in:"; cat "$2"; exit 1; }
}

echo "send"
begin
printf 'Subject: hello\n\n.dot\n' | "$bin/send" 127.0.0.1 "$port" me@example.org you@example.net >"$scratch/said"
expect 'you@example.net: delivered (.*' "$scratch/said"
status=0
printf 'Subject: two\n\n' | "$bin/send" 127.0.0.1 "$port" me@example.org you@example.net nobody@example.net >"$scratch/said" || status=$?
[ "$status" -eq 1 ]
expect 'nobody@example.net: refused (550 5.1.1 nobody here)' "$scratch/said"
status=0
echo x | "$bin/send" 127.0.0.1 "$port" me@example.org 'you@example.net>' 2>"$scratch/said" || status=$?
[ "$status" -eq 1 ]
expect 'you@example.net>: .*' "$scratch/said"
finish
expect 'messages=2' "$scratch/got"
expect '--- me@example.org -> you@example.net' "$scratch/got"
expect '\.dot' "$scratch/got"

echo "send, nobody listening"
status=0
echo x | "$bin/send" 127.0.0.1 "$port" me@example.org you@example.net >/dev/null 2>"$scratch/said" || status=$?
[ "$status" -eq 1 ] && [ -s "$scratch/said" ]

echo "loop"
begin
"$bin/loop" 127.0.0.1 "$port" 8 300 >"$scratch/said"
expect 'connections=8 delivered=2400 others=0' "$scratch/said"
finish
expect 'messages=2400' "$scratch/got"

echo "engine"
"$bin/engine" >"$scratch/said"
expect '  nobody@example.net: refused (5.1.1 there is nobody here)' "$scratch/said"
[ "$(grep -c '^message .*: delivered$' "$scratch/said")" -eq 2 ]

echo "demo, a mailbox"
begin
{
    printf 'From a Thu Jan  1 00:00:00 1970\nSubject: one\n\nfirst\n>From the start\n\n'
    printf 'From b Thu Jan  1 00:00:00 1970\nSubject: two\n\n.second\n\n'
    printf 'From c Thu Jan  1 00:00:00 1970\nSubject: three\n\nno line end'
} >"$scratch/mbox"
"$bin/demo" 127.0.0.1 "$port" streaming "$scratch/mbox" >"$scratch/said"
expect 'messages=3 delivered=3 seconds=[0-9.]* round_trips=[0-9]*' "$scratch/said"
finish
expect 'messages=3' "$scratch/got"
expect 'From the start' "$scratch/got"
expect '\.second' "$scratch/got"
expect 'no line end' "$scratch/got"

echo "demo, a folder"
mkdir "$scratch/folder"
for n in 1 2 3 4 5; do
    printf 'Subject: %s\n\nbody\n' "$n" >"$scratch/folder/$n.eml"
done
for level in auto lockstep group continuous; do
    begin
    "$bin/demo" 127.0.0.1 "$port" "$level" "$scratch/folder" >"$scratch/said"
    expect 'messages=5 delivered=5 .*' "$scratch/said"
    finish
    expect 'Subject: 5' "$scratch/got"
done

# Built where libssl-dev is; whoever calls this says if it is not.
[ -e "$bin/openssl" ] || exit 0
echo "openssl"
ca=$scratch/ca.pem
over_tls() { # name, file with the authority, exit status
    status=0
    { printf 'Subject: large\n\n.dot\n'; seq 100000; } | SSL_CERT_DIR=/nowhere SSL_CERT_FILE=$2 \
        "$bin/openssl" "$1" "$port" me@example.org you@example.net >"$scratch/said" 2>&1 || status=$?
    [ "$status" -eq "$3" ] || { echo "status $status, not $3"; cat "$scratch/said"; exit 1; }
}
begin "$ca"
over_tls localhost "$ca" 0
expect 'TLSv1.3 TLS_.*' "$scratch/said"
expect 'you@example.net: delivered (.*' "$scratch/said"
over_tls 127.0.0.1 "$ca" 1
expect 'you@example.net: not_sent (.*mismatch.*' "$scratch/said"
over_tls localhost /dev/null 1
expect 'you@example.net: not_sent (.*self.signed.*' "$scratch/said"
finish
expect 'messages=1' "$scratch/got"
expect '\.dot' "$scratch/got"
expect '100000' "$scratch/got"
begin
over_tls localhost "$ca" 1
expect 'you@example.net: not_sent (.*STARTTLS.*' "$scratch/said"
finish
expect 'messages=0' "$scratch/got"
