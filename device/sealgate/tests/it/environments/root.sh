# Makes a minimal root in $1, with the folder $2 as /app, and without /etc/machine-id. $3 says what becomes of it: "container" makes it the only
# root, with its own processes and a read-only /proc/sys; "chroot" enters it, with the machine's /proc; "bare" without any /proc.
set -e
root=$1 folder=$2 deed=$3
shift 3
mount -t tmpfs -o mode=755 tmpfs "$root"
cd "$root"
mkdir -p usr proc dev tmp etc app old
mount --rbind /usr usr
mount -o remount,bind,ro usr
for name in bin lib lib32 lib64 sbin; do
    if [ -h "/$name" ]; then
        ln -s "usr/$name" "$name"
    elif [ -e "/$name" ]; then
        mkdir "$name"
        mount --rbind "/$name" "$name"
    fi
done
mkdir upper upper/new upper/work
mount -t overlay -o "lowerdir=$folder,upperdir=upper/new,workdir=upper/work" overlay app 2>/dev/null || mount --bind "$folder" app
touch dev/null
mount --bind /dev/null dev/null
echo "root:x:0:0::/:/bin/sh" >etc/passwd
case $deed in
container)
    mount -t proc proc proc
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro proc/sys
    pivot_root . old
    umount -l /old
    exec "$@"
    ;;
chroot)
    mount --rbind /proc proc
    exec chroot . "$@"
    ;;
bare)
    exec chroot . "$@"
    ;;
esac
