#!/bin/sh
# Compares the shared library's ABI with the committed baseline, or makes it the baseline.
#
#   abi.sh check LIBRARY      exits 0 if nothing that a program relies on has changed
#   abi.sh baseline LIBRARY   rewrites the baseline
#
# Any change counts, not only those that abidiff calls incompatible: a changed parameter's type is not among those.
# What was added is no change; bindings/c/tests/symbols.rs sees to it that it is noticed.
set -eu

baseline=$(dirname "$0")/abi/libsmtpipe.abi
mode=$1
library=$2

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    echo "abi: skipped: the baseline is that of Linux on x86_64, and this is $(uname -s) on $(uname -m)"
    exit 0
fi
if ! command -v abidw >/dev/null; then
    echo "abi: skipped: abidw is missing (abigail-tools)"
    exit 0
fi

case $mode in
baseline)
    # The paths of compilation units are those of the machine that built them. They may not just be left out: of units with
    # the same path abidiff reads one, and then it finds everything unchanged.
    abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed "$library" |
        awk '/<abi-instr / { sub(/path=.[^ ]*. /, "path=\047unit-" ++n "\047 ") } { print }' >"$baseline"
    ;;
check)
    # A comparison that can't fail is none: with one parameter taken out of the baseline it must.
    broken=$(mktemp)
    trap 'rm -f "$broken"' EXIT
    awk '{ print } /<function-decl name=.smtpipe_client_send. / { getline }' "$baseline" >"$broken"
    if abidiff --no-added-syms "$broken" "$library" >/dev/null; then
        echo "abi: abidiff does not see a missing parameter; was the library built with full debug information?" >&2
        exit 1
    fi
    if abidiff --no-added-syms --no-show-locs "$baseline" "$library"; then
        echo "abi: as in the baseline"
    else
        echo "abi: changed. If that is meant, the SONAME has to change with it; see docs/c.md" >&2
        exit 1
    fi
    ;;
*)
    echo "usage: $0 check|baseline LIBRARY" >&2
    exit 2
    ;;
esac
