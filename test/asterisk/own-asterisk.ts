import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Where a runnable Asterisk is: a folder with `bin/asterisk`, `modules`, `share` and `sounds-en`. */
export const asteriskHome = process.env.BRIDGEHEAD_TEST_ASTERISK ?? "/tmp/ast22";

const modules = `res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_crypto
  pbx_config func_callerid func_channel func_global func_timeout func_talkdetect func_logic func_strings func_db
  app_exec app_stack app_playback app_playtones app_verbose app_stasis
  bridge_simple bridge_softmix bridge_holding chan_bridge_media
  codec_ulaw codec_alaw codec_gsm codec_resample format_gsm format_pcm format_sln format_wav
  res_http_websocket res_websocket_client res_stasis res_stasis_answer res_stasis_playback res_stasis_snoop res_stasis_recording
  res_stasis_device_state res_mutestream res_ari res_ari_model res_ari_applications res_ari_asterisk res_ari_bridges res_ari_channels
  res_ari_device_states res_ari_endpoints res_ari_events res_ari_playbacks res_ari_recordings res_ari_sounds`.split(
  /\s+/,
);

/** Phones without SIP, called as `Local/{number}@phones`; how a number takes a call is in a global variable. */
const extensions = `
[general]
static=yes
writeprotect=yes
[from-trunk]
exten => _X.,1,Set(APPLICATION=bridgehead)
 same => n,ExecIf($["\${EXTEN}"="18005559999"]?Set(APPLICATION=elsewhere))
 same => n(try),Stasis(\${APPLICATION},in,\${EXTEN},\${CALLERID(num)})
 same => n,GotoIf($["\${STASISSTATUS}"!="FAILED"]?end)
 same => n,Wait(0.1)
 same => n,Goto(try)
 same => n(end),Hangup()
[phones]
exten => _X.,1,Ringing()
 same => n,Wait(0.05)
 same => n,Set(PLAN=\${GLOBAL(PLAN_\${EXTEN})})
 same => n,GotoIf($["\${PLAN}"="busy"]?busy)
 same => n,GotoIf($["\${PLAN}"="reject"]?reject)
 same => n,GotoIf($["\${PLAN}"="invalid"]?invalid)
 same => n,GotoIf($["\${PLAN}"="no-answer"]?ring)
 same => n,Answer()
 same => n(ring),Wait(3600)
 same => n,Hangup()
 same => n(busy),Hangup(17)
 same => n(reject),Hangup(21)
 same => n(invalid),Hangup(1)
`;

export interface AsteriskOptions {
  readonly home?: string;
  readonly password?: string;
  readonly without?: readonly string[];
}

/** An Asterisk of its own with a free port, in a folder of its own. */
export class OwnAsterisk {
  readonly port: number;
  readonly password: string;
  readonly #home: string;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  private constructor(home: string, folder: string, port: number, password: string) {
    this.#home = home;
    this.#folder = folder;
    this.port = port;
    this.password = password;
  }

  static async start({ home = asteriskHome, password = "secret", without = [] }: AsteriskOptions = {}) {
    const folder = mkdtempSync(join(tmpdir(), "own-asterisk-"));
    const asterisk = new OwnAsterisk(home, folder, await freePort(), password);
    asterisk.#configure(modules.filter((name) => !without.includes(name)));
    await asterisk.boot();
    return asterisk;
  }

  /** The address of ARI. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/ari`;
  }

  get log(): string {
    return readFileSync(join(this.#folder, "out"), "utf8");
  }

  async boot(): Promise<void> {
    const output = join(this.#folder, "out");
    const wrapped = ["--pdeathsig", "KILL", "sh", "-c", 'exec "$0" -f -C "$1" >>"$2" 2>&1'];
    this.#process = spawn(
      "setpriv",
      [...wrapped, join(this.#home, "bin/asterisk"), this.#file("asterisk.conf"), output],
      {
        stdio: "ignore",
      },
    );
    for (let tries = 0; ; tries += 1) {
      if (await this.#answers()) return;
      if (tries > 400) throw new Error(`Asterisk does not start: ${this.log}`);
      await pause(25);
    }
  }

  /** At once, as by a power cut. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** It ends once the last call is over, and takes no new one. */
  async endWithLastCall(): Promise<void> {
    // The command line stays until Asterisk has ended.
    void this.cli("core stop gracefully");
    await pause(200);
  }

  /** What the command line says. */
  cli(command: string): Promise<string> {
    const named = ["-C", this.#file("asterisk.conf"), "-rx", command];
    return new Promise((resolve) => {
      execFile(join(this.#home, "bin/asterisk"), named, (_, output) => resolve(output));
    });
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** As any other user of ARI; the answer's body. Throws unless the status is 2xx. */
  async ari<Answer = unknown>(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: this.#authorization, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === "" ? null : JSON.parse(text)) as Answer;
  }

  get #authorization(): string {
    return `Basic ${Buffer.from(`tester:${this.password}`).toString("base64")}`;
  }

  async #answers(): Promise<boolean> {
    try {
      await this.ari("GET", "/asterisk/ping");
      await this.ari("GET", "/applications");
      return true;
    } catch {
      return false;
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await ended;
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  #configure(names: readonly string[]): void {
    const data = this.#file("data");
    for (const folder of ["data/sounds", "lib/keys", "db", "spool", "run", "log"]) {
      mkdirSync(this.#file(folder), { recursive: true });
    }
    for (const name of ["documentation", "rest-api", "static-http"]) {
      symlinkSync(join(this.#home, "share", name), join(data, name));
    }
    symlinkSync(join(this.#home, "sounds-en"), join(data, "sounds/en"));
    const f = this.#folder;
    const user = (name: string) => `[${name}]\ntype=user\npassword=${this.password}\npassword_format=plain\n`;
    const files = {
      "asterisk.conf": `[directories]\nastetcdir=${f}\nastmoddir=${this.#home}/modules\nastvarlibdir=${f}/lib\nastdbdir=${f}/db
astkeydir=${f}/lib\nastdatadir=${data}\nastagidir=${f}/lib\nastspooldir=${f}/spool\nastrundir=${f}/run\nastlogdir=${f}/log\n`,
      "modules.conf": `[modules]\nautoload=no\n${names.map((name) => `load=${name}.so\n`).join("")}`,
      "http.conf": `[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=${this.port}\n`,
      "ari.conf": `[general]\nenabled=yes\nwebsocket_write_timeout=5000\nchannelvars=BRIDGEHEAD_CALL\n${user("bridgehead")}${user("tester")}`,
      "extensions.conf": extensions,
      "indications.conf":
        "[general]\ncountry=us\n[us]\ndescription=US\nringcadence=2000,4000\ndial=350+440\nbusy=480+620/500,0/500\n",
      "logger.conf": "[general]\n[logfiles]\nconsole=warning,error\n",
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(this.#file(name), text);
  }
}

/** A port of 127.0.0.1 that nobody uses just now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
