"""What runs in a job container besides the commands: text for `/bin/sh`, whatever shell that is.

Processes of session 1 are the container's own. What runs for a command has sessions of its own,
because an engine starts every exec in a new one. Nothing here needs a program of the image but
`grep`, and that only where commands run side by side.
"""

# The first process: it reaps orphans, no signal from within the container reaches it, and it ends
# with whoever holds the FIFO $1 open: our worker. A reader that a step killed is replaced.
FIRST = """
trap '' TERM INT HUP
while :; do
    (read -r _ < "$1") &
    wait "$!"
    [ "$?" -gt 128 ] || exit 0
done
"""

# Runs the command $2... in the folder $1. Output goes to stdout, stderr is for what we are told.
# A trap that does something is not inherited: SIGTERM reaches the command, and we still report.
# Output of which there will be no more ends with the mark: the engine is slow to say so.
# Where memory runs out the command is killed first, for the same reason.
WRAPPER = """
exec 3>&2 2>&1
trap : TERM INT HUP
ooms() {
    count=0
    for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
        [ -r "$file" ] || continue
        while read -r key value; do
            [ "$key" != oom_kill ] || count=$value
        done < "$file"
    done
}
company() {
    for file in /proc/[0-9]*/stat; do
        line=
        while read -r part; do line="$line $part"; done 2> /dev/null < "$file"
        set -- ${line##*) }
        case $1 in Z|X|'') continue ;; esac
        [ "$4" = 1 ] || [ "$file" = "/proc/$$/stat" ] || return 0
    done
    return 1
}
cd "$1" 2> /dev/null || { echo "refused the working directory $1 does not exist" >&3; exit 126; }
shift
command -v "$1" > /dev/null || { echo "refused $1: not found" >&3; exit 127; }
ooms
before=$count
echo "pid $$" >&3
({ echo 500 > /proc/self/oom_score_adj; } 2> /dev/null; exec "$@" 3>&-)
code=$?
oom=
[ "$code" != 137 ] || { ooms; [ "$count" = "$before" ] || oom=oom; }
company && with=company || { with=alone; printf '\\004%s' "$ROLLWAY_COMMAND"; }
echo "exit $code $with $oom" >&3
exit "$code"
"""

# Sends a signal to what belongs to a command: $1 is the wrapper's number, $2 TERM or KILL, $3 the
# word `alone` when no other command is there, so that all but the container's own is meant, $4 the
# variable that marks its processes. Prints how many processes were found, without the wrapper.
SIGNAL = """
exec 2> /dev/null
wrapper=$1 signal=$2 alone=$3 mark=$4
look() {
    found=
    marked=" "
    if [ "$alone" != alone ]; then
        for file in $(grep -ls "$mark" /proc/[0-9]*/environ); do
            file=${file#/proc/}
            marked="$marked${file%/environ} "
        done
    fi
    for file in /proc/[0-9]*/stat; do
        line=
        while read -r part; do line="$line $part"; done < "$file"
        pid=${file#/proc/}
        pid=${pid%/stat}
        set -- ${line##*) }
        case $1 in Z|X|'') continue ;; esac
        case $pid in "$$"|"$wrapper") continue ;; esac
        case $4 in 1|"$$") continue ;; esac
        if [ "$alone" != alone ] && [ "$4" != "$wrapper" ]; then
            case $marked in *" $pid "*) ;; *) continue ;; esac
        fi
        found="$found $pid"
    done
}
look
set -- $found
echo "$#"
if [ "$signal" = TERM ]; then
    kill -TERM $found
    exit 0
fi
tries=0
while [ "$tries" -lt 200 ]; do
    if [ "$alone" = alone ]; then kill -9 -1; else kill -9 $found; fi
    look
    [ -n "$found" ] || break
    tries=$((tries + 1))
done
kill -9 "$wrapper"
"""
