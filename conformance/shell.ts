import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fromWebex, rowsByName } from "./messages.ts";
import type { TraceEntry } from "./player/trace.ts";
import type { Arrival, Received } from "./player/traffic.ts";
import { type Owner, Webex } from "./player/webex.ts";
import type { Ports } from "./ports.ts";
import { printable } from "./printable.ts";
import { timeOf } from "./report/summary.ts";
import type { RunOptions } from "./run.ts";
import { element, type Message } from "./xml.ts";

const HISTORY = join(homedir(), ".bridgehead-conformance-history");
const PHONE = ["CountryCode", "AreaCode", "LocalNumber", "Extension"];
const commands = ["help", "set", "server", "names", "quit"];

const help = `A line is a message: its name without W2A_, then ATTRIBUTE=VALUE …
  CreateConference ConfKey=987654321       MsgID, WbxHostName and ExtConfID come by themselves
  Callout ExtCallID=123 Privilege=0 CountryCode=1 AreaCode=408 LocalNumber=5550123
  CreateConference ConfKey=1 ; CloseConference      several in one document
set ExtConfID=1234567      from now on      server 2      the other TSP server posts
names off                  callers who enter are not named      quit      Tab completes.`;

/** An engineer plays WebEx: reads lines, posts them, and prints what comes. Resolves with the exit code at the end of the input. */
export async function shell(ports: Ports, options: RunOptions): Promise<number> {
  const webex = new Webex(ports, { serverNumber: Math.floor(ports.now() / 1000) % 98, ...options });
  await webex.start();
  const isSeen = process.stdout.isTTY === true;
  const player = new Player(webex, (line) => {
    process.stdout.write(isSeen ? `\r\x1b[K${line}\n` : `${line}\n`);
    if (isSeen) input.prompt(true);
  });
  const history = existsSync(HISTORY) ? readFileSync(HISTORY, "utf8").split("\n").filter(Boolean) : [];
  const input = createInterface({
    input: process.stdin,
    output: process.stdout,
    completer: complete,
    // It adds to what it is given.
    history: [...history],
    prompt: isSeen ? "WebEx> " : "",
  });
  console.log(`TSP servers ${webex.hosts.join(" and ")}; adapter ${options.adapterUrl}; help says more`);
  if (isSeen) input.prompt();
  for await (const line of input) {
    if (line.trim() === "quit") break;
    history.unshift(line);
    await player.obey(line.trim()).catch((error: Error) => console.log(error.message));
    if (isSeen) input.prompt();
  }
  input.close();
  try {
    writeFileSync(HISTORY, history.slice(0, 500).join("\n"), { mode: 0o600 });
  } catch {
    // A history that cannot be kept is no reason to fail.
  }
  await webex.stop();
  return 0;
}

/** Names of messages, then the attributes of the message that the line has. */
export function complete(line: string): [string[], string] {
  const words = line.split(/[\s;]+/);
  const last = words.at(-1) ?? "";
  const part = line.split(";").at(-1)?.trimStart() ?? "";
  const [name = ""] = part.split(/\s+/);
  if (!part.includes(" ")) {
    const names = [...fromWebex.map((row) => row.name.slice("W2A_".length)), ...commands];
    return [names.filter((one) => one.toLowerCase().startsWith(last.toLowerCase())), last];
  }
  const row = rowsByName.get(`W2A_${name}`);
  const attributes = row?.attributes.flatMap(({ name: attribute, codes }) =>
    codes ? [`${attribute}=`, ...Object.keys(codes).map((code) => `${attribute}=${code}`)] : [`${attribute}=`],
  );
  const all = [...(attributes ?? []), ...(row?.children ? PHONE.map((child) => `${child}=`) : [])];
  const fitting = all.filter((one) => one.startsWith(last) && one !== last);
  // A code is offered only when its attribute has been chosen.
  return [last.includes("=") ? fitting : fitting.filter((one) => one.endsWith("=")), last];
}

/** Reads a line and posts what it says. */
export class Player implements Owner {
  readonly id = "shell";
  readonly #webex: Webex;
  readonly #print: (line: string) => void;
  readonly #set = new Map<string, string>([["ExtConfID", "12345678"]]);
  #server = 1;
  #names = true;
  #nextCall = 70_001;

  constructor(webex: Webex, print: (line: string) => void) {
    this.#webex = webex;
    webex.ownRest(this);
    this.#print = print;
  }

  async obey(line: string): Promise<void> {
    const [word = "", ...rest] = line.split(/\s+/);
    if (word === "") return;
    if (word === "help") return this.#print(help);
    if (word === "server") {
      this.#server = rest[0] === "2" ? 2 : 1;
      return this.#print(`TSP server ${this.#server}, ${this.#webex.host(this.#server)}`);
    }
    if (word === "names") {
      this.#names = rest[0] !== "off";
      return this.#print(`callers who enter are ${this.#names ? "" : "not "}named`);
    }
    if (word === "set") {
      for (const [name, value] of pairs(rest)) this.#set.set(name, value);
      return this.#print([...this.#set].map(([name, value]) => `${name}=${value}`).join(" "));
    }
    const messages = line.split(";").map((part) => this.#message(part.trim()));
    for (const { attributes } of messages)
      if (attributes.ExtConfID) this.#webex.ownConference(attributes.ExtConfID, this);
    await this.#webex.post(this, this.#server, messages);
  }

  behaviour(): { readonly kind: "confirm" } {
    return { kind: "confirm" };
  }

  receive({ name, attributes, server }: Received): void {
    if (name !== "A2W_NotifyUserEnter" || !this.#names) return;
    const { MsgID = "", ExtCallID = "null", ExtConfID = "" } = attributes;
    const given = /^null$/i.test(ExtCallID) ? String(this.#nextCall++) : ExtCallID;
    const host = this.#webex.host(server);
    const answer = { MsgID, WbxHostName: host, ExtConfID, ExtCallID: given };
    void this.#webex.post(this, server, [{ name: "W2A_RspNotifyUserEnter", attributes: answer }]);
  }

  notice(_: Arrival): void {}

  trace({ at, from, to, title }: TraceEntry): void {
    this.#print(printable(`${timeOf(at)}  ${from} → ${to}: ${title}`));
  }

  #message(text: string): Message {
    const [name = "", ...words] = text.split(/\s+/);
    const wire = name.startsWith("W2A_") ? name : `W2A_${name}`;
    const given = new Map(pairs(words));
    const row = rowsByName.get(wire);
    const phone = PHONE.filter((part) => given.has(part)).map((part) => element(part, given.get(part) ?? ""));
    for (const part of PHONE) given.delete(part);
    const known = [...this.#set].filter(([attribute]) => !row || row.attributes.some((one) => one.name === attribute));
    const usual = { MsgID: this.#webex.ids(this.#server).msgId(), WbxHostName: this.#webex.host(this.#server) };
    const attributes = { ...usual, ...Object.fromEntries(known), ...Object.fromEntries(given) };
    return { name: wire, attributes, ...(phone.length > 0 && { children: [element("PhoneNum", "", phone)] }) };
  }
}

function pairs(words: readonly string[]): [string, string][] {
  return words.map((word) => {
    const [, name, value] = /^([\w.-]+)=(.*)$/.exec(word) ?? [];
    if (name === undefined || value === undefined) throw new Error(`"${word}" is not ATTRIBUTE=VALUE; help says more`);
    return [name, value];
  });
}
