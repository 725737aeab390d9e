#!/bin/sh
# Under qemu-user, no mapping of the running program may be executed, as `/proc/self/maps` and `/proc/self/smaps` say; and the two do not
# show the same process.
#
# Version: Debian 12's qemu-user-static 1:7.2+dfsg-7+deb12u18+b3, x86-64 on x86-64.
#
# A program that wants to know which files its code comes from (a check of its own files, a crash reporter, an unwinder) looks for mappings
# with the right `x`. On the machine itself there is one of the program, one of each library and one of the loader. Under qemu-user the
# files are there, and the rights to read and to write are the program's; the right to execute is what the host has, and the host executes
# none of these pages, because the emulator translates them. So `x` stands at none of them, although the code runs.
#
# `maps` is made up by the emulator and shows the program alone. `smaps` is the host's file as it is: there the only code is the emulator's.
# A check that reads sizes in the one and files in the other looks at two processes.
#
# A check that takes "no foreign code" for "all is well" passes under qemu-user without having seen anything; one that takes the emulator's file
# for an intruder raises a false alarm. The honest answer is "not known".
#
# Seen (mappings of the program's own file; of those the executable ones; executable ones of other files):
#   machine    maps  5 1, others
#   machine    smaps 5 1, others
#   qemu-user  maps  3 0, no other
#   qemu-user  smaps 3 0, the emulator's
#
# Needs: Debian 12 on x86-64, apt-get with a network, dpkg-deb.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

chmod 755 "$work"
apt-get download -qq qemu-user-static=1:7.2+dfsg-7+deb12u18+b3 coreutils=9.1-1
for package in *.deb; do dpkg-deb -x "$package" root; done
cat=$work/root/bin/cat

# Prints how many mappings of the program's own file there are, how many of them may be executed, and which other files' may be.
count() {
    grep -E '^[0-9a-f]+-[0-9a-f]+ ' | awk -v own="$cat" '
        $6 == own { mappings++; if ($2 ~ /x/) code++ }
        $6 != own && $6 ~ /^\// && $2 ~ /x/ { n = split($6, path, "/"); others[path[n]] = 1 }
        END { printf "%d %d", mappings, code; for (other in others) printf " %s", other }'
}

wrong=0
expect() {
    echo "$1: $2"
    case $2 in
    $3) ;;
    *) wrong=1 ;;
    esac
}

qemu=$work/root/usr/bin/qemu-x86_64-static
"$qemu" --version | head -1
expect 'machine    maps ' "$("$cat" /proc/self/maps | count)" '5 1 *libc.so*'
expect 'machine    smaps' "$("$cat" /proc/self/smaps | count)" '5 1 *libc.so*'
expect 'qemu-user  maps ' "$("$qemu" "$cat" /proc/self/maps | count)" '3 0'
expect 'qemu-user  smaps' "$("$qemu" "$cat" /proc/self/smaps | count)" '3 0 qemu-x86_64-static'

if [ "$wrong" != 0 ]; then
    echo 'not as it was seen'
    exit 1
fi
