#!/bin/sh
# A program from Debian's packages in a folder of its own: tool-root.sh FOLDER TOOL [SUITE...]
#
# Installs nothing, and needs no root rights: apt runs with lists and a cache of its own, and what it names is fetched and unpacked. All is
# made in FOLDER/new and then moved; FOLDER/VERSION says that it is complete. A folder with anything else in it is refused. A failure is one
# sentence on standard error, the last line there, and exit code 1.
#
# Asterisk comes from the first of the suites that has it, with every package down to the C library, since stable lacks it at times. Its
# programs are started with the loader from there. The other tools are those of this machine's release, and what is installed here counts.
set -eu
umask 022
export LC_ALL=C

fail() {
  echo "$*" >&2
  exit 1
}

tool=${2-} version=--version programs=$tool extra=
case $tool in
  asterisk) what=Asterisk mb=500 version=-V packages="asterisk asterisk-core-sounds-en-gsm sip-tester" extra="modules share sounds-en" ;;
  # The one without windows: a page costs a third of what it costs the whole browser.
  chromium) what=Chromium mb=600 packages="chromium-headless-shell fonts-inter fonts-dejavu-core" extra=fonts.conf ;;
  pgbouncer) what=PgBouncer mb=100 packages=pgbouncer ;;
  postgres) what=PostgreSQL mb=300 packages=postgresql programs="postgres initdb pg_basebackup" ;;
  promtool) what=promtool mb=200 packages=prometheus ;;
  *) fail "usage: tool-root.sh FOLDER asterisk|chromium|pgbouncer|postgres|promtool [SUITE...]" ;;
esac

# Packages that the programs depend on and do without: for people, windows, services and scripts that install.
needless() {
  case $1 in
    adduser | adwaita-icon-theme | bash | coreutils | dash | dbus* | dconf* | debconf* | dpkg | gnupg* | gpg* | hicolor-icon-theme | libgl1* | \
      libglx* | libllvm* | libperl* | libpython3* | logrotate | lsb-base | mesa* | passwd | pci.ids | perl* | pinentry* | postgresql | \
      postgresql-client-common | postgresql-common | python3* | ssl-cert | systemd* | sysvinit* | tar | tzdata* | ucf | x11-* | xdg-utils | \
      *-perl) return 0 ;;
  esac
  # A Go program has everything in itself.
  [ "$tool" = promtool ] && [ "$1" != prometheus ]
}

complete() {
  [ -s "$target/VERSION" ] && "$target/bin/$tool" $version >/dev/null 2>&1
}

mkdir -p "$1" 2>/dev/null || fail "the folder $1 cannot be made"
target=$(cd "$1" && pwd -P)
shift 2
case $target in *[!A-Za-z0-9._/+-]*) fail "apt cannot work in $target: only letters, digits and . _ / + - may be in its path" ;; esac
if complete; then exit 0; fi
# This file says whose the folder is; it is the lock, too.
content=$(ls -A "$target" 2>/dev/null) || fail "no permission to read $target"
printf '%s\n' "$content" | grep -qxF -e "" -e .tool-root ||
  fail "$target is not empty, and has no $what of this script: name another folder, or remove what is there"
for command in apt-get dpkg-deb tar flock; do
  command -v $command >/dev/null || fail "this is no Debian system: it has no $command"
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r $keyring ] || fail "Debian's keys are not here: install the package debian-archive-keyring"
[ -w "$target" ] || fail "no permission to write to $target"
exec 9>"$target/.tool-root"
flock 9
if complete; then exit 0; fi
folder=$target/new root=$target/new/root apt=$target/new/apt
rm -rf "$folder"
mkdir -p "$folder/bin" "$apt/lists/partial" "$apt/archives/partial"
free_mb=$(($(df -Pk "$folder" | awk 'NR == 2 { print $4 }') / 1024))
[ "$free_mb" -ge $mb ] || fail "$target has only $free_mb MB free; the packages of $what need $mb MB while they are unpacked"

# own_mirror NAME: the address ending in NAME that this machine uses itself; it may be the only one that it reaches.
own_mirror() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep -v '^ *#' | grep -o "https\?://[^ ]*/$1/\?\( \|\$\)" | head -n 1 | sed 's#/* *$##'
}
mirror=$(own_mirror debian)
mirror=${mirror:-http://deb.debian.org/debian}
status=/var/lib/dpkg/status security=
if [ $tool = asterisk ]; then
  status=$apt/status
  : >"$status"
else
  set -- "$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")"
  # What is installed here may be of there, and its neighbors must be as new.
  security=$(own_mirror debian-security)
fi
{
  # A proxy, for instance, is in this machine's own settings; nothing else of them is wanted.
  apt-config dump Acquire
  for name in main parts sourceparts preferences preferencesparts; do echo "Dir::Etc::$name \"/dev/null\";"; done
  cat <<SETTINGS
Dir::Etc::sourcelist "$apt/sources.list";
Dir::State "$apt";
Dir::State::status "$status";
Dir::Cache "$apt";
Dir::Log "$apt";
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

reason() {
  grep -m 1 "$1" "$2" | cut -c 4-200
}
suites=$*
for suite in "$@" ""; do
  [ -n "$suite" ] || fail "none of the suites $suites of $mirror has $what for $(dpkg --print-architecture): $(reason '^E: ' "$apt/plan")"
  echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
  if [ -n "$security" ]; then echo "deb [signed-by=$keyring] $security $suite-security main" >>"$apt/sources.list"; fi
  # A list that could not be had is only a warning to apt. A mirror that cannot be reached has no other suite either.
  apt-get -q update >"$apt/update" 2>&1 || true
  fault=$(reason '^[EW]: .*\(Could not\|Unable to\|Cannot initiate\|timed out\|Temporary failure\)' "$apt/update")
  [ -z "$fault" ] || fail "Debian's packages cannot be had: $fault"
  if apt-get -q -s install $packages >"$apt/plan" 2>&1; then break; fi
done

# "Inst asterisk (1:22.10.1 Debian:testing [amd64])"; behind the name in brackets the version that is installed.
sed -n 's/^Inst \([^ ]*\) \(\[[^]]*\] \)\?(\([^ ]*\) .*/\1 \3/p' "$apt/plan" |
  while read -r name wanted; do needless "$name" || echo "$name=$wanted"; done >"$apt/needed"
(cd "$apt/archives" && xargs -r apt-get -q download <"$apt/needed" >"$apt/download" 2>&1) ||
  fail "Debian's packages cannot be had: $(reason '^E: ' "$apt/download")"
# Debian's root has these as links, and older packages still bring folders of these names.
for name in bin sbin lib lib64; do
  mkdir -p "$root/usr/$name"
  ln -s "usr/$name" "$root/$name"
done
only=
if [ $tool = promtool ]; then only=./usr/bin/promtool; fi
for deb in "$apt"/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" |
    tar -x -C "$root" --keep-directory-symlink --no-same-owner \
      --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale $only 2>"$apt/unpack" ||
    fail "${deb##*/} cannot be unpacked: $(head -n 1 "$apt/unpack")"
done

# first PATH...: the first of the paths that there is, from $folder on.
first() {
  for path in "$@"; do
    if [ -e "$path" ]; then
      echo "${path#"$folder/"}"
      return
    fi
  done
  fail "Debian's packages have no $1"
}
# wrap NAME COMMAND: a script that finds the folder each time, so that it can be moved.
wrap() {
  printf '#!/bin/sh\nfolder=$(dirname "$(dirname "$(readlink -f "$0")")")\n%s "$@"\n' "$2" >"$folder/bin/$1"
  chmod 755 "$folder/bin/$1"
}
libraries=
for path in "$root"/usr/lib/*-linux-gnu* "$root"/usr/lib/*-linux-gnu*/pulseaudio; do
  if [ -d "$path" ]; then libraries=$libraries\$folder/${path#"$folder/"}:; fi
done
libraries=$libraries\$folder/root/usr/lib
if [ $tool = asterisk ]; then
  loader=$(first "$root"/usr/lib64/ld-linux-*.so.* "$root"/usr/lib/ld-linux-*.so.* "$root"/usr/lib/*/ld-linux-*.so.*)
  for program in sbin/asterisk bin/sipp; do
    wrap "${program#*/}" "exec \"\$folder/$loader\" --library-path \"$libraries\" \"\$folder/$(first "$root/usr/$program")\""
  done
  ln -s "$(first "$root"/usr/lib/*/asterisk/modules "$root/usr/lib/asterisk/modules")" "$folder/modules"
  ln -s root/usr/share/asterisk "$folder/share"
  ln -s "$(first "$root"/usr/share/asterisk/sounds/en_US_* "$root/usr/share/asterisk/sounds/en")" "$folder/sounds-en"
else
  for program in $programs; do
    path=$(first "$root/usr/lib/chromium/chromium-headless-shell" "$root"/usr/lib/postgresql/*/bin/"$program" \
      "$root/usr/bin/$program" "$root/usr/sbin/$program")
    fonts=
    if [ $tool = chromium ]; then fonts='FONTCONFIG_FILE="$folder/fonts.conf" XDG_CACHE_HOME="$folder/cache" '; fi
    wrap "$program" "export ${fonts}LD_LIBRARY_PATH=\"$libraries\"; exec \"\$folder/$path\""
  done
fi
# Pictures of pages look the same everywhere: with these fonts only, from here, or from this machine where they are installed.
alias() { echo "<alias binding=\"same\"><family>$1</family><prefer><family>$2</family></prefer></alias>"; }
if [ $tool = chromium ]; then
  {
    echo '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir prefix="relative">root/usr/share/fonts</dir>'
    echo '<dir>/usr/share/fonts/opentype/inter</dir><dir>/usr/share/fonts/truetype/dejavu</dir><cachedir prefix="xdg">fontconfig</cachedir>'
    alias system-ui Inter
    alias sans-serif Inter
    alias serif "DejaVu Serif"
    alias ui-monospace "DejaVu Sans Mono"
    alias monospace "DejaVu Sans Mono"
    echo '</fontconfig>'
  } >"$folder/fonts.conf"
fi

shown=$("$folder/bin/$tool" $version 2>&1) || fail "Debian's $what of $suite does not run here: $(echo "$shown" | head -n 1)"
echo "$(echo "$shown" | head -n 1), Debian $suite" >"$folder/VERSION"
rm -rf "$apt"
# VERSION, the last one, says that all the others are there.
for name in bin root $extra VERSION; do
  rm -rf "${target:?}/$name"
  mv "$folder/$name" "$target/"
done
rmdir "$folder"
