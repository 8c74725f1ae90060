#!/bin/sh
# as.sh root|user PROGRAM [ARGUMENT...]: runs a wire test at one level of privilege.
#
# As "user" the program is copied to a folder of its own first, so that the checkout need not be readable by others.
# Says why and exits with 77 (skipped) where this machine cannot give the level.
set -eu
level=$1 program=$2
shift 2
skip() { echo "skipped: $*"; exit 77; }

case $level in
  root)
    [ "$(id -u)" = 0 ] && exec "$program" "$@"
    sudo -n true 2>/dev/null || skip "not root, and sudo would ask for a password"
    exec sudo -n --preserve-env=ASAN_OPTIONS,UBSAN_OPTIONS,WIRELAB_TEST_LEVEL "$program" "$@"
    ;;
  user)
    [ "$(id -u)" = 0 ] || exec "$program" "$@"
    command -v setpriv >/dev/null || skip "setpriv (package util-linux) is missing"
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
    cp "$program" "$place/"
    chmod 755 "$place" "$place/$(basename "$program")"
    mkdir "$place/home"
    chown 65534:65534 "$place/home"
    cd "$place/home"
    # No supplementary groups and no capabilities: what an ordinary account has.
    HOME=$place/home TMPDIR=$place/home setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
      "$place/$(basename "$program")" "$@"
    ;;
  *) echo "usage: as.sh root|user PROGRAM [ARGUMENT...]" >&2; exit 2 ;;
esac
