# Runs a command where nothing is but what it is given: no network, no other process, no file beside these.
# Arguments: ROOT (an empty folder), WORK (where it runs and may write), pairs KIND PATH, --, the command.
# Kinds: ro, rw (a file or folder as it is here), link (a symbolic link), none (an empty folder in memory).
set -eu
root="$1" work="$2"
shift 2
mount --make-rprivate /
mount -t tmpfs -o mode=0755 isolated "$root"

read_only() {
    # A mount may only keep the flags that it came with; which these are differs from system to system.
    for flags in "" ,nosuid,nodev ,nosuid,nodev,noexec ,nosuid ,nodev ,nosuid,nodev,relatime ,relatime; do
        if mount -o "remount,bind,ro$flags" "$1" 2>/dev/null; then return 0; fi
    done
    echo "cannot make $1 read-only" >&2
    return 1
}

while [ "$1" != -- ]; do
    kind="$1" path="$2"
    shift 2
    mkdir -p "$root$(dirname "$path")"
    case "$kind" in
    link) cp -P "$path" "$root$path" ;;
    none) mkdir -p "$root$path" ;;
    *)
        if [ -d "$path" ]; then mkdir -p "$root$path"; else : >"$root$path"; fi
        mount --bind "$path" "$root$path"
        if [ "$kind" = ro ]; then read_only "$root$path"; fi
        ;;
    esac
done
shift
mkdir -p "$root/proc" "$root/etc" "$root/.old"
if ! mount -t proc proc "$root/proc" 2>/dev/null; then
    # Inside some containers no other /proc can be had; what libraries ask for stands in two files.
    for name in cpuinfo meminfo; do
        cp "/proc/$name" "$root/proc/$name" 2>/dev/null || true
    done
fi
echo "root:x:0:0::/:/bin/sh" >"$root/etc/passwd"
cd "$root"
pivot_root . .old
umount -l /.old
rmdir /.old
cd "$work"
# In namespaces of their own again, what is mounted cannot be changed any more, nor made writable.
exec unshare --map-root-user --mount -- "$@"
