import { sideNames } from "../../src/timeline/blocks.ts";
import { Address, withNames } from "../../test/transcripts/transcript.ts";

/** Attributes that most messages share, and that nobody looks for in a picture. */
const usual = / (ParticipantType=2|ActionResult=0|DID=\S+|ExtConfID=1001|ConfKey=KEY|WbxHostName=tsp1)(?= |$)/g;

/** Parties have about the colours that they have in the console's timeline. */
const colours = { W: 94, A: 36, B: 33, refused: 31, dim: 2, bold: 1 } as const;
const timeWidth = 10;
/** From the adapter's line to the bridge's. */
const bridgeWidth = 25;
/** From the bridge's line to the edge of the picture: in a wide picture, and in a narrow one. */
const phonesWidth = { most: 30, least: 20 } as const;
/** From WebEx's line to the adapter's, likewise: the longest names of messages have 31 characters. */
const webexWidth = { most: 89, least: 40 } as const;
/** Of the narrowest picture. */
export const leastColumns: number = timeWidth + webexWidth.least + bridgeWidth + phonesWidth.least;
/** Messages of one kind that one step draws; further ones are counted. */
const mostAlike = 8;

/**
 * Draws a flow while it happens, as the console draws a timeline: WebEx, Bridgehead and the bridge side by side, one arrow for each message, with the seconds
 * since the flow began; what happens at the telephones stands beside the bridge. What is too long for its arrow goes on in the
 * next line. The picture is as wide as the terminal, from 95 to 154 columns.
 */
export class Diagram {
  readonly #startedAt = Date.now();
  readonly #address = new Address();
  readonly #write: (line: string) => void;
  readonly #coloured: boolean;
  readonly #most: number;
  readonly #webexWidth: number;
  readonly #phonesWidth: number;
  /** Kind of message → how often it came in this step. */
  readonly #alike = new Map<string, number>();

  constructor(write: (line: string) => void, coloured: boolean, columns = 154, most = mostAlike) {
    this.#most = most;
    this.#write = write;
    this.#coloured = coloured;
    const forWebexAndPhones = columns - timeWidth - bridgeWidth;
    this.#webexWidth = between(webexWidth, forWebexAndPhones - phonesWidth.most);
    this.#phonesWidth = between(phonesWidth, forWebexAndPhones - this.#webexWidth);
  }

  head(title: string): void {
    const width = timeWidth + this.#webexWidth + bridgeWidth + this.#phonesWidth;
    const lines = wrapped(title, width).map((line) => this.#paint(colours.bold, line));
    this.#write(`\n${lines.join("\n")}\n`);
    const [webex, edge] = [sideNames.webex.padEnd(this.#webexWidth), sideNames.edge.padEnd(bridgeWidth)];
    this.#write(
      `${" ".repeat(timeWidth)}${this.#paint(colours.W, webex)}${this.#paint(colours.A, edge)}${this.#paint(colours.B, sideNames.bridge)}`,
    );
  }

  /** Ends a step: says how many messages were not drawn. */
  endStep(): void {
    const left = [...this.#alike].filter(([, count]) => count > this.#most);
    if (left.length > 0) this.remark(`… ${left.map(([kind, count]) => `${count - this.#most} × ${kind}`).join(", ")}`);
    this.#alike.clear();
  }

  /** Why the next lines are there. */
  remark(text: string): void {
    this.#write(`${" ".repeat(timeWidth)}${this.#paint(colours.dim, text)}`);
  }

  /** A line of a transcript, in full. */
  line(line: string, at = Date.now()): void {
    const [, from, to = "", said = ""] = /^([WAB])→(\w+) (.*)$/.exec(withNames(this.#short(line))) ?? [];
    if (from !== undefined && this.#isTooMany(`${from}→${to}`, said)) return;
    if (line.startsWith("tsp")) this.#draw(at, { webex: this.#event("W", line, this.#webexWidth) });
    else if (from === undefined) this.#draw(at, { phones: this.#event("B", line, this.#phonesWidth) });
    else if (to === "client") this.#draw(at, { phones: this.#event("B", `back end: ${said}`, this.#phonesWidth) });
    else if (to === "B") this.#draw(at, { bridge: this.#arrow("A", true, said, bridgeWidth) });
    else this.#draw(at, { webex: this.#arrow(from, from === "W", said, this.#webexWidth) });
  }

  #isTooMany(arrow: string, said: string): boolean {
    const kind = `${arrow} ${/\b[AW]2[AW]_\w+/.exec(said)?.[0] ?? said.split(" ")[0]}`;
    const count = (this.#alike.get(kind) ?? 0) + 1;
    this.#alike.set(kind, count);
    return count > this.#most;
  }

  #short(line: string): string {
    const short = line.replace(usual, "");
    return line.startsWith("A→W") ? this.#address.shorten(short) : short;
  }

  #draw(at: number, { webex = [], bridge = [], phones = [] }: Readonly<Record<string, readonly string[]>>): void {
    const time = `${((at - this.#startedAt) / 1000).toFixed(3)} s `.padStart(timeWidth);
    for (let row = 0; row < Math.max(webex.length, bridge.length, phones.length); row += 1) {
      const margin = row === 0 ? this.#paint(colours.dim, time) : " ".repeat(timeWidth);
      const fromWebex = webex[row] ?? " ".repeat(this.#webexWidth - 1);
      const toBridge = bridge[row] ?? " ".repeat(bridgeWidth - 1);
      this.#write(`${margin}│${fromWebex}│${toBridge}│${phones[row] ?? ""}`.trimEnd());
    }
  }

  /** A text on a line with a head, as wide as the space between two parties; the rest of it in lines below. */
  #arrow(from: string, toTheRight: boolean, said: string, width: number): string[] {
    const isRefusal = /Result=-?[1-9]|refused/.test(said);
    const colour = isRefusal ? colours.refused : colours[from as keyof typeof colours];
    return wrapped(said, width - 8).map((label, row) => {
      const shaft = (row === 0 ? "─" : " ").repeat(width - 5 - label.length);
      const head = row > 0 ? " " : toTheRight ? "▶" : "◀";
      return this.#paint(colour, toTheRight ? ` ${label} ${shaft}${head} ` : ` ${head}${shaft} ${label} `);
    });
  }

  /** One event at one party. */
  #event(at: "W" | "B", text: string, width: number): string[] {
    return wrapped(text, width - 4).map((line, row) =>
      this.#paint(colours[at], ` ${row === 0 ? "●" : " "} ${line}`.padEnd(width - 1)),
    );
  }

  #paint(code: number, text: string): string {
    return this.#coloured ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

function between({ most, least }: { readonly most: number; readonly least: number }, width: number): number {
  return Math.min(Math.max(width, least), most);
}

/** The text in lines of whole words; a word that is longer than a line is broken. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(" ", width);
    const end = blank > 0 ? blank : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
