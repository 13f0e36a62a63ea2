import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why no machine can be made here; `null`: it can. */
export function noMachine(): string | null {
  if (process.getuid?.() !== 0) return "only root can mount what it needs";
  if (spawnSync("apt-get", ["--version"]).status !== 0) return "this is no Debian";
  const probe = mkdtempSync(join(tmpdir(), "bridgehead-probe-"));
  const { status } = spawnSync("unshare", ["--mount", "--pid", "--fork", "sh", "-c", mounts(probe)]);
  rmdirSync(probe);
  return status === 0 ? null : "the system mounts no overlay";
}

/**
 * This machine's system as a copy of its own, in which packages can be installed: what is written stays in memory, and its
 * processes end with it. The network is this machine's. There is no systemd; a `systemctl` of a few lines runs units as their users.
 */
export class Machine {
  readonly #folder: string;
  readonly #shell: ChildProcess;
  /** What the command under way has printed. */
  #output = "";
  #ended: ((gone?: Error) => void) | undefined;

  private constructor(folder: string, shared: string) {
    this.#folder = folder;
    const script = `${mounts(folder)} && mkdir -p ${folder}/root/shared && mount --bind ${shared} ${folder}/root/shared && exec chroot ${folder}/root /bin/sh`;
    this.#shell = spawn("unshare", ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script], {
      stdio: ["pipe", "pipe", "inherit"],
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        DEBIAN_FRONTEND: "noninteractive",
        LC_ALL: "C",
      },
    });
    this.#shell.stdout?.on("data", (data: Buffer) => {
      this.#output += data;
      if (/@@\d+\n$/.test(this.#output)) this.#ended?.();
    });
    this.#shell.once("exit", () => this.#ended?.(new Error("the machine is gone")));
  }

  /** `shared` is a folder of both, `/shared` there. */
  static async start(shared: string): Promise<Machine> {
    const machine = new Machine(mkdtempSync(join(tmpdir(), "bridgehead-machine-")), shared);
    await machine.run(
      "mkdir -p /run/systemd/system /etc/dpkg/dpkg.cfg.d && echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/fast",
    );
    machine.write("/usr/bin/systemctl", systemctl);
    machine.write("/usr/bin/systemd-notify", '#!/bin/sh\necho "$@" >> "$NOTIFY_SOCKET"\n');
    machine.write("/usr/bin/sudo", '#!/bin/sh\nexec "$@"\n');
    await machine.run("cd /usr/bin && chmod 755 systemctl systemd-notify sudo");
    return machine;
  }

  /** Runs a command of the shell and returns what it prints; throws if it fails. */
  async run(command: string): Promise<string> {
    const { code, output } = await this.attempt(command);
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
    return output;
  }

  async attempt(command: string): Promise<{ readonly code: number; readonly output: string }> {
    this.#output = "";
    const ended = new Promise<void>((done, failed) => {
      this.#ended = (gone) => (gone ? failed(gone) : done());
    });
    this.#shell.stdin?.write(`( ${command}\n) </dev/null 2>&1; echo "@@$?"\n`);
    await ended;
    const [, output = "", code] = /^(.*?)@@(\d+)\n$/s.exec(this.#output) ?? [];
    return { code: Number(code), output };
  }

  read(file: string): string {
    return readFileSync(this.#path(file), "utf8");
  }

  /** Owner and mode of a file that is there stay. */
  write(file: string, content: string): void {
    writeFileSync(this.#path(file), content);
  }

  stop(): Promise<void> {
    const ended = new Promise<void>((done) => this.#shell.once("exit", () => done()));
    this.#shell.kill("SIGKILL");
    return ended.then(() => rmdirSync(this.#folder));
  }

  /** The mounts are visible through the processes that have them alone. */
  #path(file: string): string {
    const [child = ""] = readFileSync(`/proc/${this.#shell.pid}/task/${this.#shell.pid}/children`, "utf8").split(" ");
    return `/proc/${child}/root${file}`;
  }
}

function mounts(folder: string): string {
  return `set -e; mount -t tmpfs -o size=4g,mode=755 tmpfs ${folder}; cd ${folder}; mkdir up work root
    mount -t overlay -o lowerdir=/,upperdir=${folder}/up,workdir=${folder}/work overlay root
    mount -t proc proc root/proc; mount --rbind /dev root/dev; mount -t tmpfs -o mode=1777 tmpfs root/tmp; cd /`;
}

/** Starts a unit by its ExecStart as its user, without privileges, and returns when it is ready, as systemd does. */
const systemctl = `#!/bin/sh
set -e
value() { sed -n "s/^$1=//p" /usr/lib/systemd/system/$unit.service; }
start() {
  ready=/run/$unit.notified
  rm -f $ready; touch $ready; chmod 666 $ready
  NOTIFY_SOCKET=$ready WATCHDOG_USEC=30000000 INVOCATION_ID=1 setsid setpriv --reuid $(value User) --regid $(value Group) --init-groups \\
    --no-new-privs --inh-caps=-all --bounding-set=-all $(value ExecStart) >> /var/log/$unit.log 2>&1 < /dev/null &
  echo $! > /run/$unit.pid
  while ! grep -q READY=1 $ready; do
    kill -0 $(cat /run/$unit.pid) || { cat /var/log/$unit.log; exit 1; }
    sleep 0.05
  done
}
stop() {
  pid=$(cat /run/$unit.pid 2> /dev/null) || return 0
  kill $pid 2> /dev/null || true
  while kill -0 $pid 2> /dev/null; do sleep 0.05; done
  rm /run/$unit.pid
}
action=$1
now=
for argument; do
  case $argument in --now) now=1 ;; *) unit=\${argument%.service} ;; esac
done
case $action in
  daemon-reload) ;;
  enable) touch /run/$unit.enabled; [ -z "$now" ] || start ;;
  disable) rm -f /run/$unit.enabled; [ -z "$now" ] || stop ;;
  try-restart) [ ! -e /run/$unit.pid ] || { stop; start; } ;;
  reload) MAINPID=$(cat /run/$unit.pid) sh -c "$(value ExecReload)" ;;
  *) echo "systemctl $* is not known here"; exit 1 ;;
esac
`;
