import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What differs from one Asterisk to the next in the sample configuration. */
export interface SampleValues {
  /** In the agent's settings, too. There is none by default: a password that everybody knows is none. */
  readonly ariPassword: string;
  readonly ariUser?: string;
  readonly httpPort?: number;
  /** Where SIP and its media are bound to. */
  readonly sipAddress?: string;
  readonly sipPort?: number;
  /** The only one that may send calls, and where calls go. */
  readonly trunkAddress?: string;
  readonly trunkPort?: number;
  readonly rtpPorts?: { readonly first: number; readonly last: number };
  /** How long a telephone may send nothing. */
  readonly rtpTimeoutSeconds?: number;
  /** How long a telephone may be sent nothing. */
  readonly rtpKeepaliveSeconds?: number;
  /** For each number, as the trunk sends it, or a pattern of the dialplan: the application that takes its calls. */
  readonly dialIn?: Readonly<Record<string, string>>;
  /** What callers hear while no agent is there: a sound file, without its ending. */
  readonly waitSound?: string;
  /** Folders. `etc` has these files; Asterisk writes into `state`. The others are of the installation. Absent: as it was built. */
  readonly folders?: Readonly<Record<"etc" | "modules" | "data" | "state", string>>;
}

/** What the sample configuration loads, without `.so`. */
export function sampleModules(): readonly string[] {
  const text = readFileSync(join(join(import.meta.dirname, "config"), "modules.conf"), "utf8");
  return [...text.matchAll(/^load = (\w+)\.so$/gm)].map(([, name = ""]) => name);
}

/** The files of the sample configuration by name, ready for Asterisk. Throws where a value would become more than a value. */
export function sampleConfig(
  values: SampleValues,
  templates = join(import.meta.dirname, "config"),
): Readonly<Record<string, string>> {
  const { folders } = values;
  const filling: Filling = {
    ARI_USER: values.ariUser ?? "bridgehead",
    ARI_PASSWORD: values.ariPassword,
    HTTP_PORT: values.httpPort ?? 8088,
    SIP_ADDRESS: values.sipAddress ?? "127.0.0.1",
    SIP_PORT: values.sipPort ?? 5060,
    TRUNK_ADDRESS: values.trunkAddress ?? "127.0.0.1",
    TRUNK_PORT: values.trunkPort ?? 5070,
    RTP_START: values.rtpPorts?.first ?? 10_000,
    RTP_END: values.rtpPorts?.last ?? 19_999,
    RTP_TIMEOUT_SECONDS: values.rtpTimeoutSeconds ?? 3_600,
    RTP_KEEPALIVE_SECONDS: values.rtpKeepaliveSeconds ?? 20,
    WAIT_SOUND: values.waitSound ?? "one-moment-please",
    ...(folders && { ETC: folders.etc, MODULES: folders.modules, DATA: folders.data, STATE: folders.state }),
  };
  const dialIn = values.dialIn ?? { "_[+0-9]!": "bridgehead" };
  const files = readdirSync(templates).map((name) => {
    const lines = readFileSync(join(templates, name), "utf8").split("\n");
    return [name, lines.flatMap((line) => fillIn(line, filling, dialIn)).join("\n")];
  });
  return Object.fromEntries(files);
}

type Filling = Readonly<Record<string, string | number>>;

/** A line that names a dialled number is there once for each; one that names a folder, where folders are given. */
function fillIn(line: string, filling: Filling, dialIn: Readonly<Record<string, string>>): readonly string[] {
  if (/@(ETC|MODULES|DATA|STATE)@/.test(line) && !("ETC" in filling)) return [];
  if (!line.includes("@DIAL_IN@")) return [fillLine(line, filling)];
  return Object.entries(dialIn).map(([number, application]) =>
    fillLine(line, { ...filling, DIAL_IN: number, APPLICATION: application }),
  );
}

function fillLine(line: string, filling: Filling): string {
  return line.replaceAll(/@([A-Z_]+)@/g, (_, name: string) => {
    const text = String(filling[name] ?? "");
    if (allowed(name).test(text)) return text;
    throw new Error(`${name} cannot be "${text}" in Asterisk's configuration: it would not stand there as it is`);
  });
}

/** A line end would begin a setting of its own, a semicolon a comment; in the dialplan, most signs mean something. */
function allowed(name: string): RegExp {
  switch (name) {
    case "DIAL_IN":
      return /^(\+?\d+|_[-+\w[\].!]+)$/;
    case "APPLICATION":
      return /^[\w.-]+$/;
    default:
      return /^[^\s;"\\[\](){}<>]+$/;
  }
}
