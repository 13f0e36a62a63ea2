#!/bin/sh
# Asterisk and sipp from Debian's packages in a folder of their own: asterisk-root.sh FOLDER SUITE...
#
# apt is handed an empty list of installed packages, so that it names every one down to the C library; the programs are started with the
# loader and the libraries from there. The first of the suites that has Asterisk is taken. FOLDER has afterwards: bin/asterisk and bin/sipp;
# modules, share (its data) and sounds-en, as links; and what packages.sh says.
. "${0%/*}/../debian/packages.sh"

complete() {
  [ -s "$1/VERSION" ] && "$1/bin/asterisk" -V >/dev/null 2>&1
}
needless() {
  case $1 in
    # Programs for people and scripts that install.
    adduser | bash | coreutils | dash | debconf* | dpkg | gnupg* | gpg* | passwd | pci.ids | perl* | libperl* | pinentry* | \
      python3* | libpython3* | systemd* | tar | tzdata*) return 0 ;;
  esac
  return 1
}

[ $# -ge 2 ] || fail "usage: asterisk-root.sh FOLDER SUITE..."
begin "$1" Asterisk 500
shift
: >"$folder/status"
use_apt "$folder/status"
suite=
for candidate in "$@"; do
  update "$candidate"
  if plan asterisk asterisk-core-sounds-en-gsm sip-tester; then
    suite=$candidate
    break
  fi
done
[ -n "$suite" ] || fail "none of the suites $* of $mirror has Asterisk for $(dpkg --print-architecture)"
unpack

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
rm "$folder/status"
finish "$version, Debian $suite" bin root modules share sounds-en
