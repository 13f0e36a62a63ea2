#!/bin/sh
# Asterisk and sipp from Debian's packages in a folder of their own: asterisk-root.sh FOLDER SUITE...
#
# Installs nothing: apt runs with its own lists and an empty list of installed packages, so that it names every package down to the C library,
# and these are unpacked. The programs are started with the loader and the libraries from there. No root rights are needed.
# The first of the suites that has Asterisk is taken. FOLDER has afterwards: bin/asterisk and bin/sipp; root (what was unpacked); modules,
# share (its data) and sounds-en, as links; VERSION, which says that all is complete. Where that is there already, nothing is done.
# All is made in FOLDER/new and then moved. A folder that has something in it and was not begun by this script is refused, and stays as it is.
# A failure is one sentence on standard error, the last line there, and exit code 1.
set -eu
umask 022
export LC_ALL=C

fail() {
  echo "$*" >&2
  exit 1
}

[ $# -ge 2 ] || fail "usage: asterisk-root.sh FOLDER SUITE..."
mkdir -p "$1" 2>/dev/null || fail "the folder $1 cannot be made"
folder=$(cd "$1" && pwd -P)
shift
case $folder in *[!A-Za-z0-9._/+-]*) fail "apt cannot work in $folder: only letters, digits and . _ / + - may be in its path" ;; esac

complete() {
  [ -s "$folder/VERSION" ] && "$folder/bin/asterisk" -V >/dev/null 2>&1
}
if complete; then exit 0; fi

# This file says whose the folder is; it is the lock, too: two tests at once must not unpack into each other's folder.
lock=.asterisk-root.lock
content=$(ls -A "$folder" 2>/dev/null) || fail "no permission to read $folder"
printf '%s\n' "$content" | grep -qxF -e "" -e "$lock" ||
  fail "$folder is not empty, and has no Asterisk of this script: name another folder, or remove what is there"

for tool in apt-get dpkg-deb tar flock; do
  command -v $tool >/dev/null || fail "this is no Debian system: it has no $tool"
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r $keyring ] || fail "Debian's keys are not here: install the package debian-archive-keyring"

[ -w "$folder" ] || fail "no permission to write to $folder"
exec 9>"$folder/$lock"
flock 9
if complete; then exit 0; fi
target=$folder
folder=$target/new
rm -rf "$folder"
mkdir "$folder"

free_mb=$(($(df -Pk "$folder" | awk 'NR == 2 { print $4 }') / 1024))
[ "$free_mb" -ge 500 ] || fail "$target has only $free_mb MB free; Asterisk's packages need 500 MB while they are unpacked"

# The mirror that this machine uses itself may be the only one that it reaches.
mirror=$(
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep -v '^ *#' | grep -o 'https\?://[^ ]*/debian/\?\( \|$\)' | head -n 1 | sed 's#/* *$##'
)
mirror=${mirror:-http://deb.debian.org/debian}

apt=$folder/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/log"
: >"$apt/status"
{
  # How to reach the mirror, a proxy for instance, stands in this machine's own settings; nothing else of them is wanted.
  apt-config dump Acquire
  cat <<SETTINGS
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
Dir::Log "$apt/log";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Debug::NoLocking "true";
#clear Acquire::Languages;
Acquire::Languages "none";
Acquire::Retries "0";
Acquire::http::Timeout "15";
Acquire::https::Timeout "15";
SETTINGS
} >"$apt/apt.conf"
export APT_CONFIG="$apt/apt.conf"

wanted="asterisk asterisk-core-sounds-en-gsm sip-tester"
suite=
for candidate in "$@"; do
  echo "deb [signed-by=$keyring] $mirror $candidate main" >"$apt/sources.list"
  # A list that could not be had is only a warning to apt. A mirror that cannot be reached has no other suite either.
  apt-get -q update >"$apt/log/update" 2>&1 || true
  if fault=$(grep -m 1 '^[EW]: .*\(Could not\|Unable to\|Cannot initiate\|timed out\|Temporary failure\)' "$apt/log/update"); then
    fail "Debian's packages cannot be had: $(echo "$fault" | cut -c 4-200)"
  fi
  if apt-get -q -s install $wanted >"$apt/log/plan" 2>&1; then
    suite=$candidate
    break
  fi
done
[ -n "$suite" ] || fail "none of the suites $* of $mirror has Asterisk for $(dpkg --print-architecture)"
apt-get -q -y --download-only install $wanted >"$apt/log/download" 2>&1 ||
  fail "Debian's packages cannot be had: $(grep -m 1 '^E: ' "$apt/log/download" | cut -c 4-200)"

# Debian's root has these as links, and older packages still bring folders of these names.
root=$folder/root
for name in bin sbin lib lib64; do
  mkdir -p "$root/usr/$name"
  ln -s "usr/$name" "$root/$name"
done
# "Inst asterisk (1:22.10.1 Debian:testing [amd64])" is asterisk_1%3a22.10.1_amd64.deb.
sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) [^[]*\[\([a-z0-9-]*\)\].*/\1 \2 \3/p' "$apt/log/plan" |
  while read -r name version architecture; do
    case $name in
      # Programs for people and scripts that install: Asterisk does without.
      adduser | bash | coreutils | dash | debconf* | dpkg | gnupg* | gpg* | passwd | pci.ids | perl* | libperl* | pinentry* | \
        python3* | libpython3* | systemd* | tar | tzdata*) continue ;;
    esac
    deb=$apt/archives/${name}_$(echo "$version" | sed 's/:/%3a/g')_$architecture.deb
    [ -f "$deb" ] || fail "apt has not fetched ${deb##*/}"
    dpkg-deb --fsys-tarfile "$deb" |
      tar -x -C "$root" --keep-directory-symlink --no-same-owner \
        --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale 2>"$apt/log/unpack" ||
      fail "${deb##*/} cannot be unpacked: $(head -n 1 "$apt/log/unpack")"
  done

# The first of the paths that there is.
first() {
  for path in "$@"; do
    if [ -e "$path" ]; then
      echo "$path"
      return
    fi
  done
  fail "the packages of $suite have no $1"
}
loader=$(first "$root"/usr/lib64/ld-linux-*.so.* "$root"/usr/lib/ld-linux-*.so.* "$root"/usr/lib/*/ld-linux-*.so.*)
libc=$(first "$root"/usr/lib/*-linux-gnu*/libc.so.6)
libraries=$(dirname "$libc")
mkdir -p "$folder/bin"
for program in sbin/asterisk bin/sipp; do
  first "$root/usr/$program" >/dev/null
  cat >"$folder/bin/${program#*/}" <<WRAPPER
#!/bin/sh
# Finds the folder anew each time, so that it can be moved.
folder=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
exec "\$folder${loader#"$folder"}" --library-path "\$folder${libraries#"$folder"}:\$folder/root/usr/lib" "\$folder/root/usr/$program" "\$@"
WRAPPER
  chmod 755 "$folder/bin/${program#*/}"
done
link() {
  ln -sfn "${2#"$folder"/}" "$folder/$1"
}
modules=$(first "$libraries/asterisk/modules" "$root/usr/lib/asterisk/modules")
sounds=$(first "$root"/usr/share/asterisk/sounds/en_US_* "$root/usr/share/asterisk/sounds/en")
link modules "$modules"
link share "$root/usr/share/asterisk"
link sounds-en "$sounds"

version=$("$folder/bin/asterisk" -V 2>&1) || fail "Debian's Asterisk of $suite does not run here: $(echo "$version" | head -n 1)"
rm -rf "$apt"
echo "$version, Debian $suite" >"$folder/VERSION"
for name in VERSION bin root modules share sounds-en; do rm -rf "${target:?}/$name"; done
# The last one says that all the others are there.
for name in bin root modules share sounds-en VERSION; do mv "$folder/$name" "$target/"; done
rmdir "$folder"
