#!/bin/sh
# A program in a container does not see a debugger outside of it: `TracerPid` in its `/proc/self/status` is 0.
#
# Version: Linux 6, strace of Debian 12, util-linux 2.38.
#
# The kernel shows a process's number as it is in the reader's namespace of process numbers. A tracer that has none there is shown as 0, as if
# there were none. So a check of `TracerPid` finds debuggers inside the container only.
#
# Seen (TracerPid of the same process):
#   outside 1234 (strace)
#   inside  0
#
# Needs: Linux, unshare, strace, and the rights to trace and to make namespaces (root).
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/go"

unshare -pf --mount-proc sh -c "read line <'$work/go'; grep TracerPid /proc/self/status; cat /proc/\$\$/status >'$work/inside'" >/dev/null &
shell=$!
child=
while [ -z "$child" ]; do
    child=$(cat "/proc/$shell/task/$shell/children" 2>/dev/null || true)
done
child=$(echo $child)
mkfifo "$work/attached"
strace -p "$child" -e trace=none 2>"$work/attached" &
strace=$!
read -r line <"$work/attached"
cat "$work/attached" >/dev/null &
grep TracerPid "/proc/$child/status" >"$work/outside"
echo go >"$work/go"
wait "$shell" || true

outside=$(awk '{ print $2 }' "$work/outside")
inside=$(awk '/TracerPid/ { print $2 }' "$work/inside")
echo "outside $outside (strace is $strace)"
echo "inside  $inside"
if [ "$outside" != "$strace" ] || [ "$inside" != 0 ]; then
    echo 'not as it was seen'
    exit 1
fi
