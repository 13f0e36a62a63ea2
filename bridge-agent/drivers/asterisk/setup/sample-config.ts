import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What differs from one Asterisk to the next in the sample configuration, by its name there, and what it is where nobody says. */
const defaults = {
  ariUser: "bridgehead",
  httpPort: 8_088,
  /** Where SIP and its media are bound to. */
  sipAddress: "127.0.0.1",
  sipPort: 5_060,
  /** The only one that may send calls, and where calls go. */
  trunkAddress: "127.0.0.1",
  trunkPort: 5_070,
  rtpPorts: { first: 10_000, last: 19_999 },
  /** How long a telephone may send nothing, and be sent nothing. */
  rtpTimeoutSeconds: 3_600,
  rtpKeepaliveSeconds: 20,
  /** For each number, as the trunk sends it, or a pattern of the dialplan: the application that takes its calls. */
  dialIn: { "_[+0-9]!": "bridgehead" } as Readonly<Record<string, string>>,
  /** What callers hear while no agent is there: a sound file, without its ending. */
  waitSound: "one-moment-please",
};

export interface SampleValues extends Readonly<Partial<typeof defaults>> {
  /** In the agent's settings, too. There is none by default: a password that everybody knows is none. */
  readonly ariPassword: string;
  /** `etc` has these files; Asterisk writes into `state`. The others are of the installation. Absent: as it was built. */
  readonly folders?: Readonly<Record<"etc" | "modules" | "data" | "state", string>>;
}

/** What the sample configuration loads, without `.so`. */
export function sampleModules(): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, "config", "modules.conf"), "utf8");
  return [...text.matchAll(/^load = (\w+)\.so$/gm)].map(([, name = ""]) => name);
}

/** The files of the sample configuration by name, ready for Asterisk. Throws where a value would become more than a value. */
export function sampleConfig(
  values: SampleValues,
  templates = join(import.meta.dirname, "config"),
): Readonly<Record<string, string>> {
  const { dialIn, folders, rtpPorts, ...rest } = { ...defaults, ...values };
  const filling = { ...rest, rtpStart: rtpPorts.first, rtpEnd: rtpPorts.last, ...folders };
  const files = readdirSync(templates).map((name) => {
    const lines = readFileSync(join(templates, name), "utf8").split("\n");
    return [name, lines.flatMap((line) => fillIn(line, filling, dialIn)).join("\n")];
  });
  return Object.fromEntries(files);
}

type Filling = Readonly<Record<string, string | number>>;

/** A line that names a dialled number is there once for each; one that names a folder, where folders are given. */
function fillIn(line: string, filling: Filling, dialIn: Readonly<Record<string, string>>): readonly string[] {
  if (/@(etc|modules|data|state)@/.test(line) && !("etc" in filling)) return [];
  if (!line.includes("@dialIn@")) return [fillLine(line, filling)];
  return Object.entries(dialIn).map(([number, application]) =>
    fillLine(line, { ...filling, dialIn: number, application }),
  );
}

function fillLine(line: string, filling: Filling): string {
  return line.replaceAll(/@(\w+)@/g, (_, name: string) => {
    const text = String(filling[name] ?? "");
    if (allowed(name).test(text)) return text;
    throw new Error(`${name} cannot be "${text}" in Asterisk's configuration: it would not stand there as it is`);
  });
}

/** A line end would begin a setting of its own, a semicolon a comment; in the dialplan, most signs mean something. */
function allowed(name: string): RegExp {
  if (name === "dialIn") return /^(\+?\d+|_[-+\w[\].!]+)$/;
  return name === "application" ? /^[\w.-]+$/ : /^[^\s;"\\[\](){}<>]+$/;
}
