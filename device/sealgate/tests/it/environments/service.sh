# What systemd gives a hardened unit: ProtectProc=invisible, ProcSubset=pid, PrivateTmp, ProtectSystem=strict, a user of its own, NoNewPrivileges, no
# capabilities, and SystemCallFilter, which "confined" sets. The program is at /srv/app.
set -e
folder=$1
shift
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir /srv/app
mount --bind "$folder" /srv/app
mount -o remount,bind,ro /srv/app
mount -t proc -o hidepid=invisible,subset=pid proc /proc
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount --bind /usr /usr
mount -o remount,bind,ro /usr
if [ "$(id -u)" = 0 ] && [ -z "$IS_MAPPED" ]; then
    user="--reuid 65534 --regid 65534 --clear-groups"
fi
exec setpriv $user --no-new-privs --bounding-set=-all --inh-caps=-all /srv/app/confined "$@"
