# A machine that has no id.
set -e
empty=$1/empty
shift
: >"$empty"
for file in /etc/machine-id /var/lib/dbus/machine-id; do
    if [ -e "$file" ]; then
        mount --bind "$empty" "$file"
    fi
done
exec "$@"
