# What the scripts share that take programs from Debian's packages into a folder of their own. They source this file.
#
# Installs nothing, and needs no root rights: apt runs with lists and a cache of its own, and what it names is fetched and unpacked.
# FOLDER has afterwards: root (what was unpacked), bin, what else the script makes, and VERSION, which says that all is complete. Where that is
# there already, nothing is done. All is made in FOLDER/new and then moved. A folder that has something in it and was not begun by the same
# script is refused, and stays as it is. A failure is one sentence on standard error, the last line there, and exit code 1.
#
# The script has these functions: `complete FOLDER`, which tries whether the program runs, and `needless PACKAGE`, for packages that the program
# depends on and does without. Then it calls `begin`, `use_apt`, `update` and `plan` for each suite, `unpack`, makes what else it wants in
# $folder, and calls `finish`.
set -eu
umask 022
export LC_ALL=C

fail() {
  echo "$*" >&2
  exit 1
}

# begin FOLDER WHAT MB: sets folder (FOLDER/new) and root. WHAT is the program in a sentence; MB is what must be free.
begin() {
  mkdir -p "$1" 2>/dev/null || fail "the folder $1 cannot be made"
  target=$(cd "$1" && pwd -P)
  case $target in *[!A-Za-z0-9._/+-]*) fail "apt cannot work in $target: only letters, digits and . _ / + - may be in its path" ;; esac
  if complete "$target"; then exit 0; fi

  # This file says whose the folder is; it is the lock, too: two tests at once must not unpack into each other's folder.
  script=${0##*/}
  lock=.${script%.sh}.lock
  content=$(ls -A "$target" 2>/dev/null) || fail "no permission to read $target"
  printf '%s\n' "$content" | grep -qxF -e "" -e "$lock" ||
    fail "$target is not empty, and has no $2 of this script: name another folder, or remove what is there"

  for command in apt-get dpkg-deb tar flock; do
    command -v $command >/dev/null || fail "this is no Debian system: it has no $command"
  done
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -r $keyring ] || fail "Debian's keys are not here: install the package debian-archive-keyring"

  [ -w "$target" ] || fail "no permission to write to $target"
  exec 9>"$target/$lock"
  flock 9
  if complete "$target"; then exit 0; fi
  folder=$target/new
  root=$folder/root
  rm -rf "$folder"
  mkdir "$folder"

  free_mb=$(($(df -Pk "$folder" | awk 'NR == 2 { print $4 }') / 1024))
  [ "$free_mb" -ge "$3" ] || fail "$target has only $free_mb MB free; the packages of $2 need $3 MB while they are unpacked"
}

# own_mirror NAME: the address ending in NAME that this machine uses itself; it may be the only one that it reaches.
own_mirror() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep -v '^ *#' | grep -o "https\?://[^ ]*/$1/\?\( \|\$\)" | head -n 1 | sed 's#/* *$##'
}

# use_apt STATUS: which packages count as installed, a file as dpkg keeps it.
use_apt() {
  mirror=$(own_mirror debian)
  mirror=${mirror:-http://deb.debian.org/debian}
  apt=$folder/apt
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/log"
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
Dir::State::status "$1";
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
}

# update SUITE [MIRROR SUITE]...: fetches the lists of the suites, the first from $mirror.
update() {
  echo "deb [signed-by=$keyring] $mirror $1 main" >"$apt/sources.list"
  shift
  while [ $# -gt 0 ]; do
    echo "deb [signed-by=$keyring] $1 $2 main" >>"$apt/sources.list"
    shift 2
  done
  # A list that could not be had is only a warning to apt. A mirror that cannot be reached has no other suite either.
  apt-get -q update >"$apt/log/update" 2>&1 || true
  if fault=$(grep -m 1 '^[EW]: .*\(Could not\|Unable to\|Cannot initiate\|timed out\|Temporary failure\)' "$apt/log/update"); then
    fail "Debian's packages cannot be had: $(echo "$fault" | cut -c 4-200)"
  fi
}

# plan PACKAGE...: finds what they depend on; false where a suite lacks something.
plan() {
  apt-get -q -s install "$@" >"$apt/log/plan" 2>&1 || return 1
  # "Inst asterisk (1:22.10.1 Debian:testing [amd64])"; behind the name in brackets the version that is installed.
  sed -n 's/^Inst \([^ ]*\) \(\[[^]]*\] \)\?(\([^ ]*\) [^[]*\[\([a-z0-9-]*\)\].*/\1 \3 \4/p' "$apt/log/plan" |
    while read -r name version architecture; do
      if ! needless "$name"; then echo "$name $version $architecture"; fi
    done >"$apt/needed"
}

# unpack [OPTION...]: fetches what was planned, and unpacks it into $root, with options of tar.
unpack() {
  (cd "$apt/archives" && sed 's/^\([^ ]*\) \([^ ]*\) .*/\1=\2/' "$apt/needed" | xargs apt-get -q download >"$apt/log/download" 2>&1) ||
    fail "Debian's packages cannot be had: $(grep -m 1 '^E: ' "$apt/log/download" | cut -c 4-200)"
  # Debian's root has these as links, and older packages still bring folders of these names.
  for name in bin sbin lib lib64; do
    mkdir -p "$root/usr/$name"
    ln -s "usr/$name" "$root/$name"
  done
  # "1:22.10.1" is asterisk_1%3a22.10.1_amd64.deb.
  while read -r name version architecture; do
    deb=$apt/archives/${name}_$(echo "$version" | sed 's/:/%3a/g')_$architecture.deb
    [ -f "$deb" ] || fail "apt has not fetched ${deb##*/}"
    dpkg-deb --fsys-tarfile "$deb" |
      tar -x -C "$root" --keep-directory-symlink --no-same-owner \
        --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale "$@" 2>"$apt/log/unpack" ||
      fail "${deb##*/} cannot be unpacked: $(head -n 1 "$apt/log/unpack")"
  done <"$apt/needed"
}

# first PATH...: the first of the paths that there is.
first() {
  for path in "$@"; do
    if [ -e "$path" ]; then
      echo "$path"
      return
    fi
  done
  fail "Debian's packages have no $1"
}

# finish VERSION NAME...: moves these to where they belong.
finish() {
  rm -rf "$apt"
  echo "$1" >"$folder/VERSION"
  shift
  for name in VERSION "$@"; do rm -rf "${target:?}/$name"; done
  # The last one says that all the others are there.
  for name in "$@" VERSION; do mv "$folder/$name" "$target/"; done
  rmdir "$folder"
}
