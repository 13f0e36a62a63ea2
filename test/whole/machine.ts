import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./world.ts";

const systemd = "/lib/systemd/systemd";

/** The tools for mounts are in folders that not every user's path has. */
const withTools = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** Why no machine can be made here; `null`: it can. */
export function noMachine(): string | null {
  if (process.getuid?.() !== 0) return "only root can mount what it needs";
  if (spawnSync("apt-get", ["--version"]).status !== 0) return "this is no Debian";
  if (!existsSync(systemd)) return "there is no systemd";
  if (!cgroups()) return "there are no control groups of version 2";
  const probe = mkdtempSync(join(tmpdir(), "bridgehead-probe-"));
  const args = ["--mount", "--pid", "--cgroup", "--fork", "sh", "-c", mounts(probe)];
  const { status } = spawnSync("unshare", args, { env: withTools });
  rmdirSync(probe);
  return status === 0 ? null : "the system mounts no overlay";
}

/**
 * This machine's system as a copy of its own, in which packages can be installed: what is written stays in memory, and its
 * processes end with it. A systemd of its own runs the units, with all that they forbid. The network is this machine's.
 */
export class Machine {
  readonly #folder: string;
  /** `unshare`, whose only child is that systemd. */
  readonly #unshare: ChildProcess;
  #complaints = "";
  #shell: ChildProcess | undefined;
  /** What the command under way has printed. */
  #output = "";
  #ended: ((gone?: Error) => void) | undefined;

  private constructor(folder: string, shared: string) {
    this.#folder = folder;
    const group = this.#group;
    // It ends with this process, whatever this process dies of.
    const script = `mkdir ${group} && echo $$ > ${group}/cgroup.procs && exec setpriv --pdeathsig KILL unshare --mount --pid --cgroup --uts --ipc --fork --kill-child sh -c '
      ${mounts(folder)}; cd ${folder}/root; mkdir shared project old; mount --bind ${shared} shared; mount --bind ${process.cwd()} project; ${boot}'`;
    this.#unshare = spawn("sh", ["-c", script], { stdio: ["ignore", "ignore", "pipe"], env: withTools });
    this.#unshare.stderr?.on("data", (data: Buffer) => {
      this.#complaints += data;
    });
  }

  /** `shared` is a folder of both, `/shared` there; this project is `/project`. */
  static async start(shared: string): Promise<Machine> {
    const machine = new Machine(mkdtempSync(join(tmpdir(), "bridgehead-machine-")), shared);
    await eventually("systemd runs", async () => {
      if (machine.#unshare.exitCode !== null) throw new Error(machine.#complaints);
      return existsSync(machine.#path("/run/systemd/private"));
    });
    machine.#enter();
    await machine.run("mkdir -p /etc/dpkg/dpkg.cfg.d && echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/fast");
    machine.write("/usr/bin/sudo", '#!/bin/sh\nexec "$@"\n');
    await machine.run("chmod 755 /usr/bin/sudo");
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
    this.#shell?.stdin?.write(`( ${command}\n) </dev/null 2>&1; echo "@@$?"\n`);
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

  async stop(): Promise<void> {
    const ended = new Promise<void>((done) => this.#unshare.once("exit", () => done()));
    const child = this.#child();
    if (child) process.kill(child, "SIGKILL");
    else this.#unshare.kill("SIGKILL");
    await ended;
    rmdirSync(this.#folder);
    spawnSync("find", [this.#group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
  }

  #enter(): void {
    this.#shell = spawn("nsenter", ["--target", `${this.#child()}`, "--all", "--root", "--wd", "/bin/sh"], {
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

  get #group(): string {
    return join(cgroups() ?? "", `bridgehead-${this.#folder.slice(-6)}`);
  }

  /** The id of its systemd, as this machine counts. */
  #child(): number | undefined {
    const { pid } = this.#unshare;
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    return child ? Number(child) : undefined;
  }

  /** The mounts are visible through the processes that have them alone. */
  #path(file: string): string {
    return `/proc/${this.#child()}/root${file}`;
  }
}

/** Where the control groups of version 2 are. */
function cgroups(): string | undefined {
  return /^\S+ (\S+) cgroup2 /m.exec(readFileSync("/proc/self/mounts", "utf8"))?.[1];
}

function mounts(folder: string): string {
  return `set -e; mount -t tmpfs -o size=4g,mode=755 tmpfs ${folder}; cd ${folder}; mkdir up work root
    mount -t overlay -o lowerdir=/,upperdir=${folder}/up,workdir=${folder}/work overlay root
    mount -t proc proc root/proc; mount --rbind /dev root/dev; mount -t tmpfs -o mode=1777 tmpfs root/tmp
    mount -t tmpfs -o mode=755 tmpfs root/run; mount -t sysfs -o ro sysfs root/sys; mount -t cgroup2 cgroup2 root/sys/fs/cgroup; cd /`;
}

/**
 * In the new root: systemd with its journal, and nothing else of this machine's. It may not touch the clock, the kernel or
 * devices, which are this machine's. Only after `pivot_root`, not in a `chroot`, may a unit have `PrivateUsers`.
 */
const boot = `
  rm -rf etc/fstab etc/systemd/system/* usr/lib/systemd/system/*.wants usr/lib/systemd/system-generators/*
  ln -s /dev/null etc/systemd/system/systemd-journald-audit.socket
  printf "[Unit]\\nWants=systemd-journald.socket systemd-journald.service\\n" > etc/systemd/system/machine.target
  pivot_root . old; umount -l /old; cd /
  exec setpriv --bounding-set=-sys_time,-sys_module,-sys_boot,-sys_rawio,-mknod,-syslog,-audit_control \\
    env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    ${systemd} --system --unit=machine.target --log-target=null --show-status=no`;
