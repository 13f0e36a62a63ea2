import { writePhone } from "../../src/tsp/fields.ts";
import { fromWebex, type MessageSpec, toWebex } from "../../src/tsp/messages.ts";
import { defaultCodes } from "../../src/tsp/protocol-table.ts";
import { escapeXml } from "../../src/tsp/xml.ts";

/**
 * A conversation between WebEx (W), the adapter (A) and the bridge (B), as text that can be read aloud and played. A line at
 * the margin happens, together with the lines below it that begin with `+`; the indented lines follow from it, in the
 * order in which they happened:
 *
 *     W→A W2A_UpdateUser MsgID=2 ExtCallID=1 Privilege=1 (listen)
 *           A→B mute c1
 *           A→W A2W_RspUpdateUser MsgID=2 Result=0 (ok) ExtCallID=1
 *
 * Two things go without saying, and a program always has them in full. Names of codes, in parentheses, are for the reader.
 * The TSP server and the ExtConfID of what the adapter posts stand where they change; at first they are tsp1 and 1001.
 */
export type Transcript = readonly (Step | Remark)[];

/** A comment or an empty line. */
type Remark = string;

export interface Step {
  readonly happens: readonly string[];
  /** In full: `A→W tsp1 1001 A2W_NotifyConferenceChange Status=0`. */
  readonly follows: readonly string[];
}

export function printTranscript(transcript: Transcript): string {
  const address = new Address();
  const print = ({ happens: [first = "", ...more], follows }: Step) => [
    withNames(first),
    ...more.map((line) => `    + ${withNames(line)}`),
    ...follows.map((line) => `      ${withNames(address.shorten(line))}`),
  ];
  return transcript.flatMap((item) => (typeof item === "string" ? [item] : print(item))).join("\n");
}

/** Throws where a line follows from nothing. */
export function parseTranscript(text: string): Transcript {
  const address = new FullAddress();
  const items: (Remark | { happens: string[]; follows: string[] })[] = [];
  for (const line of text.split("\n")) {
    const said = line.trim().replace(/(=-?\d+) \([a-z-]+\)/g, "$1");
    const latest = items.findLast((item) => typeof item !== "string");
    if (said === "" || said.startsWith("#")) items.push(line);
    else if (!line.startsWith(" ")) items.push({ happens: [said], follows: [] });
    else if (!latest) throw new Error(`"${said}" follows from nothing: put what happens at the margin above it`);
    else if (said.startsWith("+ ")) latest.happens.push(said.slice(2));
    else latest.follows.push(address.complete(said));
  }
  return items;
}

export function stepsOf(transcript: Transcript): readonly Step[] {
  return transcript.filter((item) => typeof item !== "string");
}

/** The first comment. */
export function titleOf(transcript: Transcript): string {
  const title = transcript.find((item) => typeof item === "string" && item.startsWith("#")) ?? "";
  return String(title).replace(/^#\s*/, "");
}

/** Where a post of the adapter goes, from what a file says of it. */
class FullAddress {
  #host = "tsp1";
  #extConfId = "1001";

  complete(line: string): string {
    const [, host = this.#host, message = ""] = /^A→W (?:(tsp\d+) )?(.*)$/.exec(line) ?? [];
    if (message === "") return line;
    const [said, named] = / ExtConfID=(\S+)/.exec(message) ?? [];
    this.#host = host;
    if (named) this.#extConfId = named;
    const extConfId = hasExtConfId(message) ? this.#extConfId : noExtConfId;
    return `A→W ${host} ${extConfId} ${said ? message.replace(said, "") : message}`;
  }
}

/** Where posts of the adapter go, as short as in a file. */
class Address {
  #host = "tsp1";
  #extConfId = "1001";

  shorten(line: string): string {
    const [, host = "", extConfId = "", message = ""] = /^A→W (\S+) (\S+) (.*)$/.exec(line) ?? [];
    if (message === "") return line;
    const changed = [host !== this.#host && `${host} `, isOther(extConfId, this.#extConfId) && extConfId];
    this.#host = host;
    if (extConfId !== noExtConfId) this.#extConfId = extConfId;
    const words = message.split(/ (?=\w+=)/);
    if (changed[1]) words.splice(1, 0, `ExtConfID=${extConfId}`);
    return `A→W ${changed[0] || ""}${words.join(" ")}`;
  }
}

const noExtConfId = "-";

function isOther(extConfId: string, latest: string): boolean {
  return extConfId !== noExtConfId && extConfId !== latest;
}

/** A message of the adapter, in full. A message that should have an ExtConfID and has none says `none`. */
export function postedLine(host: string, element: string, attributes: string): string {
  const { ExtConfID: extConfId, ...others } = Object.fromEntries(
    [...attributes.matchAll(/ (\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
  const words = Object.entries(others).map(([name, value]) => `${name}=${value}`);
  return ["A→W", host, extConfId ?? (hasExtConfId(element) ? "none" : noExtConfId), element, ...words].join(" ");
}

/** A command to the bridge: `move c1 to r1`, `dial o1 number=1-408-5550123 waitMs=30000`. What is off is left out. */
export function commandLine(
  type: string,
  { call, room, ...details }: { readonly call?: unknown; readonly room?: unknown; readonly [detail: string]: unknown },
): string {
  const words = Object.entries(details).flatMap(([name, value]) => {
    if (value === null || value === false || value === undefined) return [];
    const text = typeof value === "object" ? Object.values(value).filter(Boolean).join("-") : value;
    return text === true ? [name] : [`${name}=${text}`];
  });
  return ["A→B", type, call, call && room ? `to ${room}` : room, ...words].filter(Boolean).join(" ");
}

/** `W2A_Callout MsgID=2 …` as an element, with what goes without saying; `real` makes real values of short ones, `none` leaves one out. */
export function elementOf(text: string, real: (attribute: string, value: string) => string): string {
  const [element = "", ...words] = text.split(" ");
  const { Number: number = "14085550123", ...attributes } = {
    ...(element !== "W2A_RspNotifyUserEnter" && { WbxHostName: "tsp1", ExtConfID: "1001" }),
    ...(element === "W2A_CreateConference" && { ConfKey: "KEY" }),
    ...(element === "W2A_Callout" && { Privilege: "0" }),
    ...pairs(words),
  };
  const said = Object.entries(attributes).filter(([, value]) => value !== "none");
  const written = said.map(([name, value]) => ` ${name}="${escapeXml(real(name, value))}"`);
  return `<${element}${written.join("")}>${element === "W2A_Callout" ? phoneElement(number) : ""}</${element}>`;
}

/** One document of WebEx. */
export function documentOf(transId: string, elements: readonly string[]): string {
  return `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${transId}</TransID>${elements.join("")}</WbxTSPSchema>`;
}

/** `a=1 b=2` → `{ a: "1", b: "2" }` */
export function pairs(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.map((word) => word.split(/=(.*)/).slice(0, 2) as [string, string]));
}

/** Puts the name of each code behind it: `Status=2 (left)`. */
export function withNames(line: string): string {
  const lists = codeLists.get(/\b[AW]2[AW]_\w+|\bConfirmation\b/.exec(line)?.[0] ?? "");
  return line.replace(/(\w+)=(-?\d+)(?= |$)/g, (said, attribute: string, number: string) => {
    const list = lists?.get(attribute);
    const name = list && Object.entries(defaultCodes[list]).find(([, code]) => String(code) === number)?.[0];
    return name ? `${said} (${name})` : said;
  });
}

const specs: readonly MessageSpec[] = [...Object.values(fromWebex), ...Object.values(toWebex)];

/** Element → attribute → its list of codes. */
const codeLists = new Map<string, ReadonlyMap<string, keyof typeof defaultCodes>>([
  ["Confirmation", new Map([["Result", "result"]])],
  ...specs.flatMap(({ wire, aliases = [], fields }) => {
    const lists = Object.values(fields).flatMap((field) => {
      const { kind } = field;
      if (kind.kind !== "code") return [];
      return [field.wire, ...(field.aliases ?? [])].map((name) => [name, kind.codes] as const);
    });
    return [wire, ...aliases].map((element) => [element, new Map(lists)] as const);
  }),
]);

const elementsWithExtConfId = new Set(
  specs
    .filter(({ fields }) => Object.values(fields).some(({ wire }) => wire === "ExtConfID"))
    .flatMap(({ wire, aliases = [] }) => [wire, ...aliases]),
);

function hasExtConfId(message: string): boolean {
  return elementsWithExtConfId.has(/\bA2W_\w+/.exec(message)?.[0] ?? "");
}

/** `14085550123`, or with its parts apart: `44-20-79460100`, and an extension behind them. */
function phoneElement(number: string): string {
  const [, country = "", area = "", local = "", extension = ""] =
    /^([^-]+)-([^-]*)-([^-]+)(?:-([^-]+))?$/.exec(number) ?? /^(\d)(\d{3})(\d+)$/.exec(number) ?? [];
  const written = writePhone({ country, area, local, extension }, "PhoneNum");
  if (!written.ok) throw new Error(`Number=${number} ${written.error}`);
  return written.value;
}
