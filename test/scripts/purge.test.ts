import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const unshare = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
const why = spawnSync("unshare", [...unshare, "true"]).status === 0 ? null : "the system has no mounts for it";
if (why) console.log(`no package is purged in a test: ${why}`);

/** Runs the package's script in a root of its own that has the system's programs, and returns what is in it afterwards. */
function purged(name: string, settings: string, prepare: string) {
  const script = readFileSync("packaging/postrm", "utf8")
    .replaceAll("@PACKAGE@", name)
    .replaceAll("@SETTINGS@", settings);
  const root = mkdtempSync(join(tmpdir(), "bridgehead-purge-"));
  const here = `set -e; mount -t tmpfs tmpfs ${root}; cd ${root}; mkdir -p dev usr var/lib/${name} var/cache etc/bridgehead
    touch dev/null; mount --bind /usr usr
    for each in bin lib lib64; do if [ -L /$each ]; then cp -P /$each .; else mkdir $each; mount --bind /$each $each; fi; done
    touch etc/bridgehead/${settings}; state=$PWD/var/lib/${name}; disk=$PWD/disk; mkdir disk; ${prepare}
    cat > postrm; set +e; chroot . /bin/sh /postrm purge; echo "exit $?"; find disk var etc ! -type d`;
  const path = `${process.env.PATH}:/usr/sbin:/sbin`;
  const options = { input: script, encoding: "utf8", env: { ...process.env, PATH: path } } as const;
  const { stdout, stderr } = spawnSync("unshare", [...unshare, "sh", "-c", here], options);
  rmdirSync(root);
  return { left: stdout.trim().split("\n").toSorted(), stderr };
}

describe.skipIf(why !== null).each([
  ["bridgehead-edge", "edge.json", "state.db state.db-wal state.db-shm lock operator-token", "journal.sqlite"],
  ["bridgehead-agent", "agent.json", "journal.sqlite journal.sqlite-wal lock agent-key.pem", "state.db"],
])("purge of %s", (name, settings, made, foreign) => {
  const fill = `(cd $state; touch ${made}; mkdir damaged lost+found; touch lost+found/x)`;
  test.each([
    ["deletes a folder with its files", `(cd $state; touch ${made})`, []],
    ["keeps files of others", `touch $state/${foreign} $state/state.db.old`, [foreign, "state.db.old"].map(inState)],
    ["empties a mounted folder", `mount --bind disk $state; ${fill}`, ["disk/lost+found/x", inState("lost+found/x")]],
    [
      "empties the folder behind a link",
      `rmdir $state; ln -s /disk $state; state=disk; ${fill}`,
      ["disk/lost+found/x", inState("")],
    ],
    ["accepts a link to nothing", "rmdir $state; ln -s /gone $state", [inState("")]],
    ["accepts a missing folder", "rmdir $state", []],
    [
      "deletes nothing behind a link in the folder",
      "ln -s /disk $state/damaged; touch disk/state.db disk/lock",
      ["disk/lock", "disk/state.db", inState("damaged")],
    ],
    ["accepts settings behind a link", "mv etc/bridgehead disk; ln -s /disk/bridgehead etc", ["etc/bridgehead"]],
    [
      "empties a mounted cache",
      `mkdir -p var/cache/${name}; mount --bind disk var/cache/${name}; mkdir disk/v24.1.0-x64-1; touch disk/v24.1.0-x64-1/a disk/b`,
      ["disk/b", `var/cache/${name}/b`],
    ],
  ])("%s", (_, prepare, left) => {
    expect(purged(name, settings, prepare)).toEqual({ left: ["exit 0", ...left].toSorted(), stderr: "" });
  });

  function inState(file: string): string {
    return join("var/lib", name, file).replace(/\/$/, "");
  }
});
