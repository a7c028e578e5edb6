#!/bin/sh
# Builds and runs the C tests and examples: as C99, C11 and C++17, plain, under valgrind, with AddressSanitizer and UBSan; against the
# shared library and the static one; and against an installed copy by pkg-config and CMake.
#
# Prints a line for each that failed or was skipped, and at the end "N passed, N failed, N skipped". `make test-c` runs it.
set -u

cd "$(dirname "$0")/../.."
release=${SMTPIPE_RELEASE:-${CARGO_TARGET_DIR:-target}/release}
CC=${CC:-cc}
CXX=${CXX:-c++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# Panics print a backtrace if this is set, and its cache clutters valgrind's report.
export RUST_BACKTRACE=0

have() { command -v "$1" >/dev/null 2>&1; }
skip() { # what, why
    skipped=$((skipped + 1))
    echo "SKIPPED $1: $2"
}
# what, command...: runs it; what it printed is shown when it failed.
try() {
    what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $what"
        sed 's/^/    /' "$work/log"
    fi
}

if [ ! -e "$release/libsmtpipe.so" ] || [ ! -e "$release/libsmtpipe.a" ]; then
    echo "tests/c/run.sh: $release has no library: run 'make lib' first" >&2
    exit 2
fi
release=$(cd "$release" && pwd)

# Programs find the library by its SONAME, here as after installing.
mkdir "$work/lib"
soname=$(sed -n 's/^#define SMTPIPE_VERSION "\([0-9]*\)\..*/libsmtpipe.so.\1/p' include/smtpipe.h)
ln -s "$release/libsmtpipe.so" "$work/lib/$soname"
ln -s "$soname" "$work/lib/libsmtpipe.so"
export LD_LIBRARY_PATH="$work/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

warnings="-Wall -Wextra -Wpedantic -Werror -Iinclude -Itests/c"
shared="-L$work/lib -lsmtpipe"
static="$release/libsmtpipe.a -lpthread -lm -ldl"
tests=$(cd tests/c && ls ./*.c | sed 's|^\./||; s|\.c$||')

# language, source, output, further flags...
build() {
    language=$1 source=$2 output=$3
    shift 3
    # shellcheck disable=SC2086
    case $language in
    c99 | c11) $CC -std="$language" $warnings -g -O1 "$source" -o "$output" "$@" ;;
    c++17) $CXX -x c++ -std="$language" $warnings -g -O1 "$source" -x none -o "$output" "$@" ;;
    esac
}

echo "header: alone, in every language"
for language in c99 c11 c++17; do
    echo '#include "smtpipe.h"' >"$work/header.c"
    try "header as $language" build "$language" "$work/header.c" "$work/header.o" -c
done

echo "tests: plain"
for test in $tests; do
    for language in c99 c11 c++17; do
        program=$work/$test-$language
        # shellcheck disable=SC2086
        try "build $test as $language" build "$language" "tests/c/$test.c" "$program" $shared
        try "$test as $language" "$program"
    done
done

echo "tests: static library"
for test in layout null; do
    # shellcheck disable=SC2086
    try "build $test, static" build c11 "tests/c/$test.c" "$work/$test-static" $static
    try "$test, static" env -u LD_LIBRARY_PATH "$work/$test-static"
done

if have valgrind; then
    echo "tests: valgrind"
    for test in $tests; do
        how="--leak-check=full"
        case $test in
        # What ring's assembler writes, valgrind takes for never written; and sessions to be resumed are kept by the process, which
        # it calls possibly lost.
        *tls*) how="$how --undef-value-errors=no --show-leak-kinds=definite --errors-for-leak-kinds=definite" ;;
        esac
        # shellcheck disable=SC2086
        try "$test under valgrind" valgrind -q $how --error-exitcode=9 "$work/$test-c11"
    done
else
    skip "valgrind" "it is missing (apt-get install valgrind)"
fi

sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
echo 'int main(void) { return 0; }' >"$work/probe.c"
# shellcheck disable=SC2086
if $CC $sanitize "$work/probe.c" -o "$work/probe" >/dev/null 2>&1 && "$work/probe" >/dev/null 2>&1; then
    echo "tests: AddressSanitizer and UBSan"
    for test in $tests; do
        # shellcheck disable=SC2086
        try "build $test with sanitizers" build c11 "tests/c/$test.c" "$work/$test-asan" $sanitize $shared
        # A test that ran without them would prove nothing.
        try "$test has the sanitizer" sh -c "nm '$work/$test-asan' | grep -q __asan_init"
        try "$test with sanitizers" "$work/$test-asan"
    done
else
    skip "sanitizers" "$CC has none here"
fi

if have pkg-config && pkg-config --exists libsasl2; then
    echo "tests: Cyrus SASL"
    # shellcheck disable=SC2086,SC2046
    for language in c99 c++17; do
        try "build a client with Cyrus SASL as $language" build "$language" tests/c/sasl/cyrus.c "$work/cyrus" \
            $shared $(pkg-config --cflags --libs libsasl2)
        try "Cyrus SASL as $language" "$work/cyrus"
    done
else
    skip "Cyrus SASL" "it is missing (apt-get install pkg-config libsasl2-dev libsasl2-modules)"
fi

# Every function has to stand in the test that gives it NULL; those without pointers do so too, to keep the rule simple.
echo "tests: null*.c are complete"
try "null*.c name every function" sh -c '
    missing=$(while read -r name; do
        grep -q "$name(" tests/c/null*.c || echo "$name"
    done <bindings/c/abi/smtpipe.sym)
    [ -z "$missing" ] || { echo "not in tests/c/null*.c: $missing"; exit 1; }'

echo "examples"
for example in send loop engine demo; do
    # shellcheck disable=SC2086
    try "build $example" build c99 "examples/c/$example.c" "$work/$example" $shared
done
if have pkg-config && pkg-config --exists openssl; then
    # shellcheck disable=SC2086,SC2046
    try "build openssl" build c99 examples/c/openssl.c "$work/openssl" $shared $(pkg-config --cflags --libs openssl)
else
    skip "the example openssl" "OpenSSL is missing (apt-get install pkg-config libssl-dev)"
fi
# shellcheck disable=SC2086
try "build the server for them" build c99 tests/c/examples/sink.c "$work/sink" $shared
try "examples" tests/c/examples/run.sh "$work"

echo "install"
try "make install" make -s install PREFIX="$work/staged/usr" SMTPIPE_BUILD=true SMTPIPE_RELEASE="$release"
if have pkg-config; then
    export PKG_CONFIG_PATH="$work/staged/usr/lib/pkgconfig"
    try "pkg-config, shared" sh -c "
        $CC examples/c/engine.c \$(pkg-config --cflags --libs smtpipe) -o '$work/by-pkg-config' &&
        LD_LIBRARY_PATH='$work/staged/usr/lib' '$work/by-pkg-config'"
    try "pkg-config, version" sh -c '[ "$(pkg-config --modversion smtpipe)" = "$(sed -n "s/^#define SMTPIPE_VERSION \"\(.*\)\"/\1/p" include/smtpipe.h)" ]'
    try "pkg-config, static" sh -c "
        $CC examples/c/engine.c \$(pkg-config --cflags smtpipe) '$work/staged/usr/lib/libsmtpipe.a' \
            \$(pkg-config --libs-only-l --static smtpipe | sed 's/-lsmtpipe//') -o '$work/by-static' &&
        env -u LD_LIBRARY_PATH '$work/by-static'"
else
    skip "pkg-config" "it is missing (apt-get install pkg-config)"
fi
if have cmake; then
    # Moved after installing: the package must find its own place.
    cp -R "$work/staged" "$work/moved"
    try "cmake, shared and static" sh -c "
        cmake -S tests/c/cmake -B '$work/cmake' -DCMAKE_PREFIX_PATH='$work/moved/usr' && cmake --build '$work/cmake' &&
        '$work/cmake/shared' && '$work/cmake/static'"
else
    skip "cmake" "it is missing (apt-get install cmake)"
fi
try "make uninstall" make -s uninstall PREFIX="$work/staged/usr"
try "nothing is left" sh -c "[ -z \"\$(find '$work/staged' ! -type d)\" ]"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
