#!/usr/bin/env bash
# Sees to it that Debian packages are there: packages.sh PACKAGE...
# Installs what is missing when it may (root, apt-get); else prints the command that would, and fails.
set -u

missing=()
for package in "$@"; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || state=
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing: ${missing[*]}. Run: sudo apt-get install ${missing[*]}"
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
lists=$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mtime -1 2>/dev/null | head -n 1)
[ -n "$lists" ] || apt-get update -q >/dev/null || exit 1
if ! apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null; then
  echo "apt-get install ${missing[*]} failed"
  exit 1
fi
