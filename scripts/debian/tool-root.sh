#!/bin/sh
# A program that tests use, from Debian's packages in a folder of its own: tool-root.sh FOLDER chromium|postgres|promtool
#
# The packages are those of this machine's own release, and what is installed here counts: apt names only what is missing. So the program
# runs with this machine's C library. FOLDER has afterwards bin/chromium, bin/postgres (and initdb) or bin/promtool, and what packages.sh says.
. "${0%/*}/packages.sh"

[ $# = 2 ] || fail "usage: tool-root.sh FOLDER chromium|postgres|promtool"
tool=$2
only=
case $tool in
  chromium)
    # The one without windows: a page costs a third of what it does the whole browser.
    what=Chromium mb=600 packages="chromium-headless-shell fonts-inter fonts-dejavu-core"
    # For windows, sounds, printers, and links that other programs open.
    needless() {
      case $1 in
        adduser | adwaita-icon-theme | dbus* | dconf* | dpkg | hicolor-icon-theme | libgl1* | libglx* | libllvm* | mesa* | perl* | libperl* | \
          systemd* | x11-* | xdg-utils | *-perl) return 0 ;;
      esac
      return 1
    }
    ;;
  promtool)
    what=promtool mb=200 packages=prometheus only=./usr/bin/promtool
    # A Go program has everything in itself.
    needless() { [ "$1" != prometheus ]; }
    ;;
  postgres)
    what=PostgreSQL mb=300 packages=postgresql
    # Those of the service, which makes clusters of its own.
    needless() {
      case $1 in
        adduser | debconf* | dpkg | libllvm* | logrotate | lsb-base | perl* | libperl* | postgresql | postgresql-client-common | postgresql-common | ssl-cert | \
          systemd* | sysvinit* | ucf | *-perl) return 0 ;;
      esac
      return 1
    }
    ;;
  *) fail "usage: tool-root.sh FOLDER chromium|postgres|promtool" ;;
esac
complete() {
  [ -s "$1/VERSION" ] && "$1/bin/$tool" --version >/dev/null 2>&1
}

begin "$1" $what $mb
use_apt /var/lib/dpkg/status
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
# What is installed here may be of there, and its neighbours must be as new.
security=$(own_mirror debian-security)
update "$suite" ${security:+"$security" "$suite-security"}
plan $packages || fail "$suite of $mirror has no $what for $(dpkg --print-architecture): $(grep -m 1 '^E: ' "$apt/log/plan" | cut -c 4-200)"
unpack $only

mkdir "$folder/bin"
# wrap NAME PROGRAM: a script that runs it, with the libraries that came with it.
wrap() {
  {
    cat <<'WRAPPER'
#!/bin/sh
# Finds the folder anew each time, so that it can be moved.
root=$(dirname "$(dirname "$(readlink -f "$0")")")/root
WRAPPER
    libraries=
    for path in "$root"/usr/lib/*-linux-gnu* "$root"/usr/lib/*-linux-gnu*/pulseaudio; do
      if [ -d "$path" ]; then libraries=$libraries\$root${path#"$root"}:; fi
    done
    if [ -n "$libraries" ]; then echo "export LD_LIBRARY_PATH=\"$libraries\$root/usr/lib\""; fi
    if [ $tool = chromium ]; then echo "export FONTCONFIG_FILE=\"\${root%/root}/fonts.conf\" XDG_CACHE_HOME=\"\${root%/root}/cache\""; fi
    echo "exec \"\$root${2#"$root"}\" \"\$@\""
  } >"$folder/bin/$1"
  chmod 755 "$folder/bin/$1"
}
wrap "$tool" "$(first "$root/usr/lib/chromium/chromium-headless-shell" "$root"/usr/lib/postgresql/*/bin/postgres "$root/usr/bin/$tool")"
if [ $tool = postgres ]; then wrap initdb "$(first "$root"/usr/lib/postgresql/*/bin/initdb)"; fi
# Pictures of pages look the same everywhere: with these fonts alone, from here, or from this machine where they are installed.
if [ $tool = chromium ]; then
  cat >"$folder/fonts.conf" <<'FONTS'
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">root/usr/share/fonts</dir>
  <dir>/usr/share/fonts/opentype/inter</dir>
  <dir>/usr/share/fonts/truetype/dejavu</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias binding="same"><family>system-ui</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="same"><family>sans-serif</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="same"><family>serif</family><prefer><family>DejaVu Serif</family></prefer></alias>
  <alias binding="same"><family>ui-monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <alias binding="same"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
FONTS
fi

version=$("$folder/bin/$tool" --version 2>&1) || fail "Debian's $what of $suite does not run here: $(echo "$version" | head -n 1)"
finish "$(echo "$version" | head -n 1), Debian $suite" bin root $([ $tool = chromium ] && echo fonts.conf)
