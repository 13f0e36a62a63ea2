import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const unshare = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
const isPossible = spawnSync("unshare", [...unshare, "true"]).status === 0;
if (!isPossible) console.log("Skipped purge tests: this system cannot mount.");

/** Runs the package's script in its own root with the system's programs. Returns its output and the remaining files. */
function purged(name: string, prepare: string): string {
  const script = readFileSync("packaging/postrm", "utf8").replaceAll("@PACKAGE@", name).replaceAll("@SETTINGS@", "set");
  const root = mkdtempSync(join(tmpdir(), "bridgehead-purge-"));
  const commands = `set -e; mount -t tmpfs tmpfs ${root}; cd ${root}; state=var/lib/${name}; cache=var/cache/${name}
    mkdir -p dev disk usr $state $cache etc/bridgehead; touch dev/null etc/bridgehead/set; mount --bind /usr usr
    for each in bin lib lib64; do if [ -L /$each ]; then cp -P /$each .; else mkdir $each; mount --bind /$each $each; fi; done
    ${prepare}; cat > postrm; chroot . /bin/sh /postrm purge 2>&1 || echo "exit $?"
    find disk $state $cache etc ! -type d -print 2>&- | sort | xargs`;
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: "C" };
  const { stdout, stderr } = spawnSync("unshare", [...unshare, "sh", "-c", commands], {
    ...{ input: script, encoding: "utf8", env },
  });
  rmdirSync(root);
  return `${stdout}${stderr}`.trim().replaceAll(/var\/(lib|cache)\/[\w-]+/g, "$1");
}

describe.skipIf(!isPossible).each([
  ["bridgehead-edge", "state.db state.db-wal state.db-shm lock operator-token", "journal.sqlite"],
  ["bridgehead-agent", "journal.sqlite journal.sqlite-wal lock agent-key.pem", "state.db"],
])("purge of %s", (name, made, foreign) => {
  const filled = `(cd $state; touch ${made}; mkdir damaged lost+found; cp -P ${made} damaged; touch lost+found/x)`;
  test.each([
    ["deletes a folder with its files", `(cd $state; touch ${made})`, ""],
    ["keeps files of others", `touch $state/${foreign} $state/z`, `lib/${foreign} lib/z`],
    ["empties a mounted folder", `mount -t tmpfs tmpfs $state; ${filled}`, "lib/lost+found/x"],
    [
      "empties the target of a link",
      `rmdir $state; ln -s /disk $state; (state=disk; ${filled})`,
      "disk/lost+found/x lib",
    ],
    ["accepts a link to nothing", "rmdir $state; ln -s /gone $state", "lib"],
    ["accepts a missing folder", "rmdir $state", ""],
    ["follows no link in the folder", "ln -s /disk $state/damaged; touch disk/lock", "disk/lock lib/damaged"],
    ["accepts settings behind a link", "mv etc/bridgehead disk; ln -s /disk/bridgehead etc", "etc/bridgehead"],
    ["empties a mounted cache", "mount -t tmpfs tmpfs $cache; mkdir $cache/v24.1-x64; touch $cache/v24.1-x64/x", ""],
  ])("%s", (_, prepare, left) => {
    expect(purged(name, prepare)).toBe(left);
  });
});
