# A terminal of tmux, with a server of its own. One line goes in, and what the program says comes out.
set -e
folder=$1
shift
read -r line
printf '%s\n' "$line" >"$folder/in"
echo "set -g exit-empty off" >"$folder/tmux.conf"
trap 'tmux -S "$folder/socket" kill-server' EXIT
tmux -S "$folder/socket" -f "$folder/tmux.conf" new-session -d sh -c \
    '"$@" <"$0/in" >"$0/out" 2>/dev/null; tmux -S "$0/socket" wait-for -S over' "$folder" "$@"
tmux -S "$folder/socket" wait-for over
# Before anything is said: whoever has heard it ends this shell.
tmux -S "$folder/socket" kill-server
trap - EXIT
cat "$folder/out"
