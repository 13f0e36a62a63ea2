import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { timers } from "../../bridge-agent/node-ports.ts";
import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { postDocument, WebexClient } from "../../simulators/webex/client.ts";
import { WebexServer } from "../../simulators/webex/server.ts";
import { BridgeControl } from "../kit/bridge-control.ts";
import { Machine, noMachine } from "./machine.ts";
import { follow } from "./task-page.ts";
import { eventually, Meeting, type World } from "./world.ts";

const why = noMachine();
if (why) console.log(`the packages are not installed in a test: ${why}`);

const secret = "0123456789abcdef012345";

/** In order, since each goes on where the one before ended. */
describe.skipIf(why !== null)("the packages, by the commands of the pages of tasks", () => {
  let folder: string;
  let machine: Machine;
  let bridge: SimulatedBridge;
  let telephones: BridgeControl;
  let webex: WebexServer;
  let world: World;
  let meeting: Meeting;
  let caller: Awaited<ReturnType<Meeting["callIn"]>>;
  let edgePort: number;
  let agentPort: number;
  let tlsPort: number;
  let publicKey = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bridgehead-packages-"));
    [edgePort = 0, agentPort = 0, tlsPort = 0] = await freePorts(3);
    await pack("1.0.0");
    await pack("1.0.1", "--only", "deb");
    machine = await Machine.start(folder);
    bridge = await startSimulatedBridge(0, "boot", timers);
    telephones = new BridgeControl(`http://127.0.0.1:${bridge.port}`);
    webex = new WebexServer({ adapterUrl: adapterUrl("acme"), attempts: 100, retryMs: 100 });
    await webex.start();
    world = { run: undefined as never, webex, bridge: telephones, stop: async () => 0 };
    meeting = new Meeting(world);
  }, 120_000);

  afterAll(async () => {
    await machine?.stop();
    await webex?.stop();
    await bridge?.close();
    rmSync(folder, { recursive: true });
  });

  test("install: edge and agent serve, each as its own user, and a conference is held", async () => {
    await followHere("install-agent", "prepare");
    publicKey = (await machine.run("bridgehead-agent key")).trim();
    await followHere("install-edge", "edge");
    await followHere("install-agent", "start");
    await followHere("install-edge", "ready");

    expect(await machine.run("bridgehead --version")).toBe("1.0.0\n");
    const processes = await machine.run("ps -eo user:20,args | grep -E '[b]ridgehead.mjs|[b]ridgehead-agent.mjs'");
    const users = processes
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/)[0]);
    expect(users.toSorted()).toEqual(["bridgehead-agent", "bridgehead-edge"]);
    await servicesOwnTheirFiles();

    // The signs of life come, and systemd forbids what it should.
    const shown = await machine.run("systemctl show -P NRestarts -P WatchdogTimestampMonotonic bridgehead-edge");
    expect(shown).toMatch(/^[1-9]\d*\n0\n$/);
    const filters = await machine.run(
      "for process in bridgehead.mjs bridgehead-agent.mjs; do grep -E '^(NoNewPrivs|Seccomp|CapBnd):' /proc/$(pgrep -o -f lib/.*/$process)/status; done",
    );
    expect(filters).toBe("CapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n".repeat(2));

    await meeting.create();
    caller = await meeting.callIn("101");
  });

  test("pages and licences are there", async () => {
    for (const service of ["bridgehead-edge", "bridgehead-agent"]) {
      const doc = `/usr/share/doc/${service}`;
      for (const page of (await machine.run(`cd ${doc} && ls *.md`)).trim().split("\n")) {
        for (const [, link = ""] of machine.read(`${doc}/${page}`).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g))
          expect(await machine.run(`ls ${doc}/${link}`), page).toContain(link);
      }
    }
    const parts = (service: string) =>
      machine.read(`/usr/share/doc/${service}/copyright`).match(/(?<=^=+\n)\S+(?= .*\n=)/gm);
    expect(parts("bridgehead-edge")).toEqual(expect.arrayContaining(["hono", "saxes", "pg", "valibot", "Node.js"]));
    expect(parts("bridgehead-agent")).toEqual(
      expect.arrayContaining(["pino", "sonic-boom", "valibot", "ws", "Node.js"]),
    );
  });

  test("the agent's package has the sample configuration of an Asterisk, and its init writes it", async () => {
    const examples = "/usr/share/doc/bridgehead-agent/examples/asterisk";
    expect(machine.read(`${examples}/extensions.conf`)).toContain("Stasis(");
    expect(machine.read(`${examples}/ari.conf`)).toMatch(/^password =$/m);
    await machine.run(
      "bridgehead-agent init --settings /tmp/init/agent.json --edge wss://tsp.example.com --domain acme --state /tmp/init-state --driver asterisk",
    );
    expect(await machine.run("ls /tmp/init/asterisk")).toBe(await machine.run(`ls ${examples}`));
  });

  test("the npm packages are installed without a network, beside valibot, and say their version", async () => {
    machine.write("/tmp/package.json", "{}");
    await machine.run(
      `cd /tmp && npm install --offline --no-audit --no-fund /shared/1.0.0/bridgehead-1.0.0.tgz /shared/1.0.0/bridgehead-agent-1.0.0.tgz /project/node_modules/valibot`,
    );
    for (const command of ["bridgehead", "bridgehead-agent"]) {
      expect(await machine.run(`/project/node_modules/.bin/node /tmp/node_modules/.bin/${command} --version`)).toBe(
        "1.0.0\n",
      );
      expect(await machine.run(`grep -c '^commander ' /tmp/node_modules/${command}/THIRD-PARTY-LICENCES.txt`)).toBe(
        "1\n",
      );
    }
    expect(await machine.run("ls /tmp/node_modules/bridgehead-agent/examples/asterisk")).toContain("pjsip.conf\n");
  });

  test("neither service reads the settings and the state of the other", async () => {
    for (const [user, other, file, secretFile] of [
      ["bridgehead-agent", "bridgehead-edge", "edge.json", "operator-token"],
      ["bridgehead-edge", "bridgehead-agent", "agent.json", "agent-key.pem"],
    ]) {
      const as = `setpriv --reuid ${user} --regid ${user} --init-groups`;
      for (const forbidden of [`/etc/bridgehead/${file}`, `/var/lib/${other}/${secretFile}`]) {
        expect(await machine.attempt(`test -e ${forbidden} && ${as} cat ${forbidden}`)).toEqual({
          code: 1,
          output: `cat: ${forbidden}: Permission denied\n`,
        });
      }
    }
  });

  test.each(["bridgehead-agent", "bridgehead-edge"])("%s is ready half a second after its start", async (unit) => {
    const tookMs: number[] = [];
    const bareMs: number[] = [];
    // Half a second is twenty times what Node alone takes; on a slow or busy machine both take longer.
    const limitMs = () => Math.max(500, 20 * Math.min(...bareMs));
    while (tookMs.length < 20 && !tookMs.some((ms) => ms < limitMs())) {
      await machine.run(`systemctl stop ${unit}`);
      bareMs.push(await timed("/project/node_modules/.bin/node -e 0"));
      tookMs.push(await timed(`systemctl start ${unit}`));
    }
    expect(Math.min(...tookMs)).toBeLessThan(limitMs());
  });

  test("changed settings: after a restart another domain serves", async () => {
    const settings = machine.read("/etc/bridgehead/edge.json");
    const [acme = ""] = /"acme": \{.*\n {4}\}/s.exec(settings) ?? [];
    const other = new WebexClient({ adapterUrl: adapterUrl("other"), attempts: 1 });
    const { handles } = new Meeting(world);
    const msgId = other.msgId();
    const close = () => other.post({ type: "close-conference", msgId, ...handles });
    await expect(close()).rejects.toThrow("status 404");
    machine.write(
      "/etc/bridgehead/edge.json",
      settings.replace(acme, `${acme},\n    ${acme.replace("acme", "other")}`),
    );

    await followHere("install-edge", "settings");

    await eventually("the other domain confirms", async () => (await close()).result === 0);
    await meeting.answerTo(msgId, "no-such-conference");
    machine.write("/etc/bridgehead/edge.json", settings);
    await machine.run("systemctl restart bridgehead-edge");
  });

  test("upgrade and roll back with a call up: the call stays, the conference goes on", async () => {
    for (const [step, version] of [
      ["upgrade", "1.0.1"],
      ["rollback", "1.0.0"],
    ] as const) {
      await followHere("planned-work", step, { version });
      expect(await machine.run("bridgehead --version; bridgehead-agent version")).toBe(`${version}\n${version}\n`);
      await servicesOwnTheirFiles();
      const { calls } = await telephones.state();
      expect(calls.find(({ id }) => id === caller.call)).toMatchObject({ state: "in-conference" });
      const mute = meeting.muteRequest(caller.extCallId, step === "upgrade");
      await meeting.ask(mute);
      await meeting.answerTo(mute.msgId, "ok", 15_000);
    }
    expect(meeting.messages().filter((message) => "status" in message && message.status === "left")).toEqual([]);
    await meeting.callIn("102");
    await meeting.close();
  });

  test("a service that does not start after an upgrade leaves the package configured, and a line says where to look", async () => {
    const settings = machine.read("/etc/bridgehead/edge.json");
    machine.write("/etc/bridgehead/edge.json", settings.replace('"port"', '"prt"'));

    // What dpkg runs last: if it fails, the package is half-configured.
    const configured = await machine.run("/var/lib/dpkg/info/bridgehead-edge.postinst configure 1.0.1");

    expect(configured).toContain("bridgehead-edge does not start; journalctl -u bridgehead-edge says why");
    expect(await machine.run("journalctl -u bridgehead-edge")).toContain("prt is no setting");
    machine.write("/etc/bridgehead/edge.json", settings);
    await machine.run("systemctl restart bridgehead-edge");
  });

  test("the units are right, and exposed as little as V8 allows", async () => {
    expect(await machine.run("systemd-analyze verify /usr/lib/systemd/system/bridgehead-edge-backup.timer")).toBe("");
    for (const unit of ["bridgehead-edge", "bridgehead-edge-backup", "bridgehead-agent"]) {
      expect(await machine.run(`systemd-analyze verify /usr/lib/systemd/system/${unit}.service`)).toBe("");
      const judged = await machine.attempt(
        `systemd-analyze security --offline=true --no-pager --threshold=30 /usr/lib/systemd/system/${unit}.service`,
      );
      expect(judged).toMatchObject({ code: 0, output: expect.stringContaining("Overall exposure level") });
    }
  });

  test("the proxy of the page passes on what WebEx posts", async (context) => {
    // It must not begin before it has its settings: the network is this machine's.
    machine.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");
    await machine.run("chmod 755 /usr/sbin/policy-rc.d");
    if ((await machine.attempt("apt-get install --yes --download-only nginx")).code !== 0) {
      console.log("the proxy is not tried: nginx cannot be fetched");
      return context.skip();
    }
    await makeCertificate();
    const proxied = (text: string) =>
      text
        .replace(/ *listen \[.*\n/, "")
        .replace("listen 443", `listen 127.0.0.1:${tlsPort}`)
        .replaceAll("127.0.0.1:8787", `127.0.0.1:${edgePort}`)
        .replace('"trustedProxies": []', '"trustedProxies": ["127.0.0.1"]');
    await followHere("install-edge", "proxy", { edit: proxied });
    await machine.run("systemctl stop nginx");
  });

  test("a backup is made each night and by hand, and a restored edge goes on with the bridge's calls", async () => {
    meeting = new Meeting(world, "555120300");
    await meeting.create();
    const { extCallId } = await meeting.callIn("301");

    await followHere("backup", "backup");
    await followHere("backup", "restore");

    const mute = meeting.muteRequest(extCallId, true);
    await meeting.ask(mute);
    await meeting.answerTo(mute.msgId, "ok", 15_000);
    await meeting.close();
  });

  test("planned work: a bridge is drained, and the edge starts again", async () => {
    await followHere("planned-work", "drain");
    await followHere("planned-work", "restart");
    await followHere("install-agent", "through-proxy");
  });

  test("nginx and Caddy take the sample settings, and write the secret nowhere", async (context) => {
    const fetched = await machine.attempt("mkdir /tmp/proxies && cd /tmp/proxies && apt-get download nginx caddy");
    if (fetched.code !== 0) {
      console.log("the settings of nginx and Caddy are not checked: their packages cannot be fetched");
      return context.skip();
    }
    const examples = "/usr/share/doc/bridgehead-edge/examples";
    const [nginxPort, caddyPort, adminPort, nobody] = await freePorts(4);
    await machine.run("cd /tmp/proxies && for deb in *.deb; do dpkg -x $deb .; done");
    await machine.run("mkdir -p /var/lib/nginx /var/log/nginx");
    await makeCertificate();
    machine.write(
      "/tmp/proxies/nginx.conf",
      `pid /tmp/proxies/pid; events {} http { access_log /var/log/nginx/access.log; error_log /var/log/nginx/error.log info; include /tmp/proxies/sample.conf; }`,
    );
    await machine.run(
      `cp ${examples}/nginx.conf /tmp/proxies/sample.conf && /tmp/proxies/usr/sbin/nginx -t -e stderr -c /tmp/proxies/nginx.conf`,
    );
    await machine.run(
      `HOME=/tmp/proxies /tmp/proxies/usr/bin/caddy validate --adapter caddyfile --config ${examples}/Caddyfile`,
    );

    // Both on another port, without TLS, in front of an edge that is away.
    await machine.run(
      `sed -i -e '/listen \\[/d' -e 's/listen 443 ssl/listen 127.0.0.1:${nginxPort}/' -e 's/8787/${nobody}/' /tmp/proxies/sample.conf`,
    );
    await machine.run(
      `sed -e 's/^tsp.example.com/http:\\/\\/127.0.0.1:${caddyPort}/' -e 's/8787/${nobody}/' -e '1,/^{$/s/^{$/{\\nadmin 127.0.0.1:${adminPort}/' ${examples}/Caddyfile > /tmp/proxies/Caddyfile`,
    );
    await machine.run(
      "systemd-run --unit sample-nginx /tmp/proxies/usr/sbin/nginx -e stderr -c /tmp/proxies/nginx.conf -g 'daemon off;'",
    );
    await machine.run(
      "systemd-run --unit sample-caddy --setenv HOME=/tmp/proxies /tmp/proxies/usr/bin/caddy run --adapter caddyfile --config /tmp/proxies/Caddyfile",
    );
    for (const port of [nginxPort, caddyPort]) {
      const post = async (path: string, body: string) =>
        (await postDocument(`http://127.0.0.1:${port}${path}`, body)).status;
      await eventually("the proxy serves", () => post("/", "x"));
      expect(await post("/agent/acme/main", "x")).toBe(502);
      expect(await post(`/tsp/acme/${secret}`, "x")).toBe(502);
      expect(await post(`/tsp/acme/${secret}?${secret}`, "x")).toBe(502);
      expect(await post(`/tsp/acme/${secret}`, "x".repeat(2_000_000))).toBe(port === nginxPort ? 413 : 502);
      expect(await post(`//tsp/acme/${secret}/`, "x".repeat(2_000_000))).toBeGreaterThan(400);
      expect(await post(`/tsp/acme/${secret}/${"x".repeat(10_000)}`, "x")).toBeGreaterThan(400);
    }
    // A flood from one address is cut down, and nobody else notices it.
    const statusFrom = (localAddress: string) =>
      new Promise<number>((resolve, reject) => {
        const to = { host: "127.0.0.1", port: nginxPort, path: `/tsp/acme/${secret}`, localAddress };
        get(to, (answer) => resolve(answer.resume().statusCode ?? 0)).on("error", reject);
      });
    const flood = Array.from({ length: 3_000 }, () => statusFrom("127.0.0.2").catch(() => 0));
    for (let count = 0; count < 20; count += 1) expect(await statusFrom("127.0.0.3")).toBe(502);
    const passed = (await Promise.all(flood)).filter((status) => status === 502);
    expect(passed.length).toBeLessThan(1_500);
    await machine.run("systemctl stop sample-nginx sample-caddy");
    for (const log of ["cat /var/log/nginx/*", "journalctl -u sample-caddy"]) {
      const lines = (await machine.run(log)).split("\n");
      expect(lines.find((line) => line.includes("/agent/acme/main"))).toBeDefined();
      expect(lines.filter((line) => line.includes(secret))).toEqual([]);
    }
  });

  test("another Node may be named", async () => {
    machine.write("/etc/default/bridgehead-agent", "BRIDGEHEAD_NODE=/bin/echo\n");

    expect(await machine.run("bridgehead-agent version")).toBe(
      "--max-semi-space-size=4 /usr/lib/bridgehead-agent/bridgehead-agent.mjs version\n",
    );
  });

  test("remove keeps settings and state, purge deletes them", async () => {
    await followHere("install-edge", "remove");
    expect((await machine.attempt("command -v bridgehead")).code).not.toBe(0);
    expect(await machine.run("ls /etc/bridgehead /var/lib/bridgehead-edge | sort | tr '\\n' ' '")).toMatch(
      /agent\.json.*edge\.json.*operator-token/,
    );
    expect((await machine.attempt("pgrep -u bridgehead-edge,bridgehead-agent")).output).toBe("");

    // One state folder is a mount, the other a link.
    const [mounted, linked] = ["/var/lib/bridgehead-edge", "/var/lib/bridgehead-agent"];
    await machine.run(`mount --bind ${mounted} ${mounted} && mv ${linked} /srv/agent && ln -s /srv/agent ${linked}`);
    await followHere("install-edge", "purge");
    const left = "find /etc/bridgehead /var/lib/bridgehead-* /var/cache/bridgehead-* /srv/agent 2>/dev/null || true";
    expect(await machine.run(left)).toBe(`${linked}\n${mounted}\n/srv/agent\n`);
  });

  async function timed(command: string): Promise<number> {
    const before = performance.now();
    await machine.run(command);
    return performance.now() - before;
  }

  function adapterUrl(domain: string): string {
    return `http://127.0.0.1:${edgePort}/tsp/${domain}/${secret}`;
  }

  async function servicesOwnTheirFiles(): Promise<void> {
    for (const [service, file] of [
      ["bridgehead-edge", "edge.json"],
      ["bridgehead-agent", "agent.json"],
    ]) {
      expect(await machine.run(`stat -c '%U:%G %a' /etc/bridgehead/${file} /var/lib/${service}`)).toBe(
        `root:${service} 640\n${service}:${service} 700\n`,
      );
      expect(await machine.run(`find /var/lib/${service} ! -user ${service}`)).toBe("");
    }
    expect(await machine.run("stat -c '%U:%G %a' /var/cache/bridgehead-edge")).toBe(
      "bridgehead-edge:bridgehead-edge 700\n",
    );
  }

  async function pack(version: string, ...options: string[]): Promise<void> {
    const out = join(folder, version);
    mkdirSync(out);
    const args = ["scripts/package.ts", ...options, "--version", version, "--out", out];
    await promisify(execFile)(process.execPath, args);
  }

  function makeCertificate(): Promise<string> {
    return machine.run(
      "mkdir -p /etc/ssl/bridgehead && cd /etc/ssl/bridgehead && openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=tsp.example.com -keyout key.pem -out fullchain.pem",
    );
  }

  function followHere(page: string, name: string, { version = "1.0.0", edit = settled } = {}): Promise<void> {
    const here = (text: string) =>
      text
        .replaceAll("127.0.0.1:8787", `127.0.0.1:${edgePort}`)
        .replace("https://tsp.example.com/", `--insecure https://127.0.0.1:${tlsPort}/`)
        .replace("SECRET", secret);
    return follow(machine, page, name, { folder: `/shared/${version}`, here, edit });
  }

  /** The packages' settings with what an operator puts in: here both neighbours are on this machine. */
  function settled(settings: string): string {
    return settings
      .replace("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", publicKey)
      .replace("q3J8xWm0ZbV5tYk2", secret)
      .replace("*.webex.com", "127.0.0.1")
      .replace('"auto"', '"http"')
      .replace("wss://tsp.example.com", `ws://127.0.0.1:${edgePort}`)
      .replace("8787", String(edgePort))
      .replace("8790", String(bridge.port))
      .replace("8791", String(agentPort));
  }
});
