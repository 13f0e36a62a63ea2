import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterAll, expect, test } from "vitest";
import { doctor } from "../../bridge-agent/service/doctor.ts";
import { askForMissing, freePort, init, initDefaults } from "../../bridge-agent/service/init.ts";
import { loadSettings } from "../../bridge-agent/service/settings.ts";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import { version } from "../../src/foundation/version.ts";
import { refusal } from "../../src/link/hello.ts";
import { agentSettings } from "./agent-world.ts";

const folder = mkdtempSync(join(tmpdir(), "bridgehead-commands-"));
afterAll(() => rmSync(folder, { recursive: true }));

const options = { ...initDefaults, edge: "wss://tsp.example.com", domain: "acme", state: "state" };

test("init writes settings and the key, and prints the edge's entries", () => {
  const file = join(folder, "made", "agent.json");

  const said = init(file, { ...options, dialIn: "18005551234, 18005555678" });

  const { publicKey } = agentKey(join(folder, "made", "state"));
  expect(loadSettings(file)).toEqual({
    ok: true,
    value: {
      edge: "wss://tsp.example.com",
      domain: "acme",
      bridge: "main",
      agent: "agent-1",
      state: join(folder, "made", "state"),
      listen: { port: 8791 },
      logs: { personal: false },
      driver: { type: "generic", url: "ws://127.0.0.1:8790/bridge" },
      policy: {
        allow: [],
        deny: ["+1900"],
        callsPerMinute: 60,
        callsAtOnce: 100,
        longestCallMinutes: 720,
        longestConferenceMinutes: 1440,
      },
      dialIn: ["18005551234", "18005555678"],
    },
  });
  const entries = said.split("\n").filter((line) => line.startsWith("{"));
  const entry = { name: "agent-1", publicKey };
  expect(entries.map((line) => JSON.parse(line))).toEqual([entry, { name: "main", agents: [entry] }]);
  expect(said).not.toContain('"bridges":'); // Pasted over the settings, it would remove the other agents.
  expect(said).toContain(`\n\n${publicKey}\n\n`);
});

test("init takes the first port unused by programs and other settings", async () => {
  const beside = join(folder, "ports");
  const first = await freePort(join(beside, "agent.json"));
  const other = createServer().listen(first, "127.0.0.1");
  await once(other, "listening");
  const second = await freePort(join(beside, "agent.json"));
  init(join(beside, "agent.json"), { ...options, port: second });
  const third = await freePort(join(beside, "beta.json"));
  other.close();

  expect([first >= 8791, second > first, third > second]).toEqual([true, true, true]);
});

test("init takes the port of its option", async () => {
  const file = join(folder, "port.json");
  const given = ["init", "--settings", file, "--edge", "wss://e", "--domain", "acme", "--state", "port", "--port"];

  expect((await runMain(...given, "http"))[2]).toMatch(/^listen\.port must be a number \(it is "http"\)/);
  await runMain(...given, "9123");
  expect(loadSettings(file)).toMatchObject({ value: { listen: { port: 9123 } } });
});

test("init overwrites nothing, and makes nothing of options that are wrong", () => {
  const file = join(folder, "there.json");
  writeFileSync(file, "mine");
  expect(() => init(file, options)).toThrow(/^\S+there\.json is there already: /);
  expect(readFileSync(file, "utf8")).toBe("mine");

  const other = join(folder, "wrong", "agent.json");
  mkdirSync(join(folder, "wrong"));
  expect(() => init(other, { ...options, edge: "tsp.example.com" })).toThrow(/^edge must /);
  expect(() => init(other, { ...options, dialIn: "+1800" })).toThrow(/^dialIn\.0 must be 1 to 32 digits/);
  expect(loadSettings(other).ok).toBe(false);
});

test("init for Asterisk writes settings and configuration with one password", () => {
  const made = (name: string) => {
    const [file, config] = [join(folder, name, "agent.json"), join(folder, name, "etc")];
    const more = { driver: "asterisk", driverUrl: "http://127.0.0.1:8099/ari", bridgeConfig: config } as const;
    const said = init(file, { ...options, ...more, dialIn: "18005551234, 18005555678" });
    const settings = loadSettings(file);
    const driver = settings.ok && settings.value.driver.type === "asterisk" ? settings.value.driver : null;
    const read = (conf: string) => readFileSync(join(config, conf), "utf8");
    return { file, config, said, driver, read };
  };
  const one = made("asterisk");
  const other = made("other-asterisk");

  expect(one.driver?.password).toMatch(/^[\w-]{32}$/);
  expect(other.driver?.password).not.toBe(one.driver?.password);
  expect(one.read("ari.conf")).toContain(
    `[bridgehead]\ntype = user\nread_only = no\npassword_format = plain\npassword = ${one.driver?.password}\n`,
  );
  expect(one.read("http.conf")).toContain("bindport = 8099\n");
  for (const number of ["18005551234", "18005555678"])
    expect(one.read("extensions.conf")).toContain(`exten => ${number},1,Gosub(`);
  expect(one.driver?.callerId).toBe("18005551234");
  expect(one.read("asterisk.conf")).not.toContain("astmoddir");
  expect(one.said).toContain(`${one.config}/*.conf /etc/asterisk/\n`);
  expect([one.file, join(one.config, "ari.conf")].map((path) => (statSync(path).mode & 0o777).toString(8))).toEqual([
    process.getuid?.() === 0 ? "640" : "600",
    "600",
  ]);
});

test("init for a configured Asterisk only prints the dialplan's lines", () => {
  const file = join(folder, "of-beta.json");
  const [url, passwordFile] = ["https://asterisk.example.com:8089/ari", "/etc/bridgehead/ari-password"];
  const bridgeConfig = join(folder, "etc-of-beta");
  const more = { bridgeConfig, driverUrl: url, ariUser: "beta", application: "bridgehead-of-beta", passwordFile };

  const said = init(file, { ...options, driver: "asterisk", dialIn: "18005559999, 18005559998", ...more });

  const settings = loadSettings(file);
  expect(settings.ok && settings.value.driver).toMatchObject({
    url,
    user: "beta",
    application: "bridgehead-of-beta",
    passwordFile,
    callerId: "18005559999",
  });
  expect(existsSync(bridgeConfig)).toBe(false);
  expect(said.split("\n").filter((line) => line.startsWith("exten"))).toEqual(
    [9, 8].map((last) => `exten => 1800555999${last},1,Gosub(conference,\${EXTEN},1(bridgehead-of-beta))`),
  );
});

test.each([
  "https://127.0.0.1:8089/ari",
  "http://127.0.0.1:8088/asterisk/ari",
  "http://[::1]:8088/ari",
  "http://localhost/ari",
])("init refuses to configure an Asterisk at %s", (driverUrl) => {
  const file = join(folder, "unreachable.json");

  expect(() => init(file, { ...options, driver: "asterisk", driverUrl })).toThrow(
    /^the configuration that is written for Asterisk is for an agent on its own machine, .*tlscertfile/,
  );

  expect(existsSync(file)).toBe(false);
});

test("init overwrites no file of an Asterisk", () => {
  const config = join(folder, "etc-of-somebody");
  mkdirSync(config);
  writeFileSync(join(config, "pjsip.conf"), "mine");
  const file = join(folder, "beside-somebody.json");

  expect(() => init(file, { ...options, driver: "asterisk", bridgeConfig: config })).toThrow(
    /etc-of-somebody\/pjsip\.conf is there already: name another folder by --bridge-config$/,
  );

  expect(readdirSync(config)).toEqual(["pjsip.conf"]);
  expect(existsSync(file)).toBe(false);
  const wrong = { ...options, driver: "asterisk", driverUrl: "127.0.0.1:8088" } as const;
  expect(() => init(file, wrong)).toThrow(/^driver\.url must be the http:\/\/ or https:\/\/ address of ARI/);
});

test("init names the option whose folder it cannot write", () => {
  const file = join(folder, "beside-nothing", "agent.json");
  const inTheWay = join(folder, "in-the-way");
  writeFileSync(inTheWay, "");

  expect(() => init(file, { ...options, driver: "asterisk", bridgeConfig: join(inTheWay, "etc") })).toThrow(
    /^nothing can be written in \S+in-the-way\/etc \(\S+in-the-way is no folder\): name another place by --bridge-config$/,
  );
  expect(() => init(join(inTheWay, "agent.json"), options)).toThrow(
    / is no folder\): name another place by --settings$/,
  );

  expect(existsSync(join(folder, "beside-nothing"))).toBe(false);
});

test("init for Asterisk warns that every number leads to the agent", () => {
  const said = (name: string, dialIn?: string) =>
    init(join(folder, name, "agent.json"), { ...options, driver: "asterisk", ...(dialIn && { dialIn }) });

  expect(said("all-numbers")).toContain("Every number that the trunk sends leads to the application bridgehead,");
  expect(said("one-number", "18005551234")).not.toContain("Every number");
});

test("init without a terminal names what has no default", async () => {
  const noTerminal = { isTTY: false } as NodeJS.ReadStream;
  const { edge: _, ...withoutEdge } = options;

  await expect(askForMissing(withoutEdge, noTerminal)).rejects.toThrow(
    /: add, for example, --edge wss:\/\/tsp.example.com$/,
  );
  expect(await askForMissing(options, noTerminal)).toEqual(options);
});

test("a standby does not pass for an agent without calls", async () => {
  const file = join(folder, "standby.json");
  const standby = createServer(({ url }, response) => {
    response.end(url === "/calls" ? "[]" : JSON.stringify({ ...agentSettings, role: "standby" }));
  }).listen(0, "127.0.0.1");
  await once(standby, "listening");
  const { port } = standby.address() as AddressInfo;
  writeFileSync(file, JSON.stringify({ ...agentSettings, state: join(folder, "standby"), listen: { port } }));

  const refused = [1, "", "not known to a standby: ask the active agent of this bridge\n"];
  expect(await runMain("calls", "--settings", file)).toEqual(refused);
  expect(await runMain("calls", "--json", "--settings", file)).toEqual(refused);
  standby.close();
});

test("the version is told as by the edge's command", async () => {
  expect(await runMain("--version")).toEqual([0, `${version}\n`, ""]);
});

test("a command that finds no agent says so in one line", async () => {
  const file = join(folder, "none.json");
  const holder = createServer();
  await new Promise<void>((listening) => holder.listen(0, "127.0.0.1", listening));
  const { port } = holder.address() as AddressInfo;
  await new Promise((closed) => holder.close(closed));
  writeFileSync(file, JSON.stringify({ ...agentSettings, state: join(folder, "none"), listen: { port } }));
  const said = `no agent answers on 127.0.0.1:${port}: start it with \`run\`\n`;
  expect(await runMain("status", "--settings", file)).toEqual([1, "", said]);
  expect(await runMain("calls", "--settings", file)).toEqual([1, "", said]);
});

/** Its exit code, and what it wrote to its standard output and to its standard error. */
function runMain(...args: readonly string[]): Promise<readonly [code: unknown, stdout: string, stderr: string]> {
  return new Promise((resolve) =>
    execFile(process.execPath, ["bridge-agent/main.ts", ...args], (error, stdout, stderr) =>
      resolve([error?.code ?? 0, stdout, stderr]),
    ),
  );
}

/** A certificate of localhost by its own key; `openssl req` has no begin, so `openssl ca` makes it. */
function selfSigned({ begins, ends }: { readonly begins: number; readonly ends: number }) {
  const at = (time: number) => new Date(time).toISOString().replace(/[-:T]|\.\d+/g, "");
  const [key, cert] = [join(folder, "tls-key.pem"), join(folder, "tls-cert.pem")];
  const authority = "database=tls-index\nnew_certs_dir=.\nserial=tls-serial\ndefault_md=sha256\npolicy=any";
  const config = `[ca]\ndefault_ca=own\n[own]\n${authority}\n[any]\ncommonName=supplied\n[names]\nsubjectAltName=DNS:localhost\n`;
  writeFileSync(join(folder, "tls.cnf"), config);
  writeFileSync(join(folder, "tls-index"), "");
  const openssl = (words: string) => execFileSync("openssl", words.split(" "), { cwd: folder, stdio: "ignore" });
  openssl(`req -new -newkey rsa:2048 -nodes -subj /CN=localhost -keyout ${key} -out tls.csr`);
  openssl(
    `ca -batch -config tls.cnf -extensions names -selfsign -create_serial -keyfile ${key} -startdate ${at(begins)} -enddate ${at(ends)} -in tls.csr -out ${cert}`,
  );
  return { key, cert };
}

test("doctor checks the edge's certificate, and what ends soon is a warning", async () => {
  const { key, cert } = selfSigned({ begins: Date.now() - 25 * dayMs, ends: Date.now() + 5 * dayMs });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) });
  server.on("upgrade", (_request, socket: Duplex) => {
    const [[name, value] = []] = Object.entries(refusal("replayed", "a challenge"));
    socket.end(`HTTP/1.1 403 Answer\r\ncontent-length: 0\r\n${name}: ${value}\r\n\r\n`);
  });
  await once(server.listen(0, "localhost"), "listening");
  const edge = `wss://localhost:${(server.address() as AddressInfo).port}`;

  const settings = { ...agentSettings, edge, state: join(folder, "tls"), listen: { port: 9 } };
  agentKey(settings.state);
  const lines: string[] = [];
  await doctor(settings, (line) => lines.push(line), "");
  const said = (about: string) => lines.find((line) => line.includes(` ${about}: `));
  expect(said("tls")).toMatch(/^WRONG tls: .*SELF_SIGNED.*: mend the certificate of localhost; .*set `ca` in/);
  expect(said("edge")).toBe("WRONG edge: not asked: see the line about TLS");

  const file = join(folder, "tls.json");
  writeFileSync(file, JSON.stringify(settings));
  const trusting = await new Promise((resolve) => {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: cert };
    const args = ["bridge-agent/main.ts", "doctor", "--settings", file];
    execFile(process.execPath, args, { env }, (_error, stdout) => resolve(stdout));
  });
  expect(trusting).toMatch(/^warn {2}tls: the certificate ends on \d{4}-\d\d-\d\d: renew it$/m);
  expect(trusting).toMatch(/^ok {4}edge: it knows this key/m);
  server.close();
});
