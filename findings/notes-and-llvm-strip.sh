#!/bin/sh
# `llvm-strip`, which calls itself "compatible with GNU strip", removes the notes of a program that GNU strip keeps.
#
# Versions: Debian 12's binutils 2.40-2 and llvm-14 1:14.0.6-12, x86-64.
#
# Notes are where programs say who built and signed them, and in which version: licensing and packaging tools read them. A note need
# not be loaded, and one that is not makes no page of the process. GNU strip keeps such a note in every mode. llvm-strip keeps it with
# --strip-debug and --strip-unneeded, and removes it by default, without a word and with exit code 0: its default is objcopy's
# --strip-all, which keeps of the sections that are not loaded only a few names; GNU's default is what llvm-objcopy calls
# --strip-all-gnu. A note that is loaded (flag "a") stays in every case.
#
# So what a build says of itself depends on which strip stood first in the path: mark the note as loaded, or strip before you write it.
#
# Seen (which of two notes are left):
#   GNU  strip                       loaded vendor
#   GNU  strip --strip-debug         loaded vendor
#   GNU  strip --strip-unneeded      loaded vendor
#   LLVM strip                       loaded
#   LLVM strip --strip-debug         loaded vendor
#   LLVM strip --strip-unneeded      loaded vendor
#   LLVM objcopy --strip-all-gnu     loaded vendor
#
# Needs: Debian 12, apt-get with a network, dpkg-deb.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get download -qq binutils-x86-64-linux-gnu=2.40-2 libbinutils=2.40-2 libctf-nobfd0=2.40-2 libctf0=2.40-2 \
    llvm-14=1:14.0.6-12 libllvm14=1:14.0.6-12
for package in *.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH
gnu=$work/root/usr/bin/x86_64-linux-gnu-
llvm=$work/root/usr/lib/llvm-14/bin/llvm-

cat > program.s <<'ASM'
    .globl _start
    .text
_start:
    mov $60, %eax
    xor %edi, %edi
    syscall
    .section .note.vendor,"",@note
    .balign 4
    .long 7, 4, 1
    .asciz "Vendor"
    .balign 4
    .asciz "1.0"
    .section .note.loaded,"a",@note
    .balign 4
    .long 7, 4, 1
    .asciz "Vendor"
    .balign 4
    .asciz "1.0"
    .section .note.GNU-stack,"",@progbits
ASM
"${gnu}as" -o program.o program.s
"${gnu}ld" -o program program.o
./program

left() {
    "${gnu}readelf" -SW stripped | grep -o 'note\.\(vendor\|loaded\)' | sed 's/note\.//' | sort | tr '\n' ' ' | sed 's/ $//'
}
wrong=0
expect() {
    expected=$1
    shift
    cp program stripped
    "$@" stripped
    ./stripped
    seen=$(left)
    printf '%-50s %s\n' "$(basename "$1") $(shift; echo "$@")" "$seen"
    [ "$seen" = "$expected" ] || wrong=1
}

"${gnu}strip" --version | head -1
"${llvm}strip" --version | head -2 | tr '\n' ' '
echo
for mode in '' --strip-debug --strip-unneeded; do
    # shellcheck disable=SC2086
    expect 'loaded vendor' "${gnu}strip" $mode
done
expect 'loaded' "${llvm}strip"
expect 'loaded vendor' "${llvm}strip" --strip-debug
expect 'loaded vendor' "${llvm}strip" --strip-unneeded
expect 'loaded vendor' "${llvm}objcopy" --strip-all-gnu

if [ "$wrong" != 0 ]; then
    echo 'not as it was seen'
    exit 1
fi
