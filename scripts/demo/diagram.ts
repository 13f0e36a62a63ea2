import { Address, withNames } from "./transcript.ts";

/** Attributes that most messages share, and that nobody looks for in a picture. */
const usual = / (ParticipantType=2|ActionResult=0|DID=\S+|ExtConfID=1001|ConfKey=KEY|WbxHostName=tsp1)(?= |$)/g;

const colours = { W: 36, A: 35, B: 33, refused: 31, dim: 2, bold: 1 } as const;
const timeWidth = 10;
/** From the adapter's line to the bridge's, and from there to the edge of the picture. */
const bridgeWidth = 25;
const phonesWidth = 30;
/** Messages of one kind that one step draws; further ones are counted. */
const mostAlike = 8;

/**
 * Draws a flow while it happens: WebEx, the adapter and the bridge side by side, one line for each message, with the seconds
 * since the flow began; what happens at the telephones stands beside the bridge.
 */
export class Diagram {
  readonly #startedAt = Date.now();
  readonly #address = new Address();
  readonly #write: (line: string) => void;
  readonly #coloured: boolean;
  readonly #webexWidth: number;
  /** Kind of message → how often it came in this step. */
  readonly #alike = new Map<string, number>();

  constructor(write: (line: string) => void, coloured: boolean, columns = 154) {
    this.#write = write;
    this.#coloured = coloured;
    this.#webexWidth = Math.min(Math.max(columns, 110), 154) - timeWidth - bridgeWidth - phonesWidth;
  }

  head(title: string): void {
    this.#write(`\n${this.#paint(colours.bold, title)}\n`);
    const [webex, adapter] = ["WebEx".padEnd(this.#webexWidth), "Adapter".padEnd(bridgeWidth)];
    this.#write(
      `${" ".repeat(timeWidth)}${this.#paint(colours.W, webex)}${this.#paint(colours.A, adapter)}${this.#paint(colours.B, "Bridge")}`,
    );
  }

  /** Ends a step: says how many messages were not drawn. */
  endStep(): void {
    const left = [...this.#alike].filter(([, count]) => count > mostAlike);
    if (left.length > 0) this.remark(`… ${left.map(([kind, count]) => `${count - mostAlike} × ${kind}`).join(", ")}`);
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
    if (line.startsWith("tsp"))
      this.#draw(at, this.#paint(colours.W, ` ● ${line}`.padEnd(this.#webexWidth - 1)), "", "");
    else if (from === undefined) this.#draw(at, "", "", ` ● ${line}`);
    else if (to === "client") this.#draw(at, "", "", ` ○ client back end: ${said}`);
    else if (to === "B") this.#draw(at, "", this.#arrow("A", true, said, bridgeWidth), "");
    else this.#draw(at, this.#arrow(from, from === "W", said, this.#webexWidth), "", "");
  }

  #isTooMany(arrow: string, said: string): boolean {
    const kind = `${arrow} ${/\b[AW]2[AW]_\w+/.exec(said)?.[0] ?? said.split(" ")[0]}`;
    const count = (this.#alike.get(kind) ?? 0) + 1;
    this.#alike.set(kind, count);
    return count > mostAlike;
  }

  #short(line: string): string {
    const short = line.replace(usual, "");
    return line.startsWith("A→W") ? this.#address.shorten(short) : short;
  }

  #draw(at: number, webex: string, bridge: string, phones: string): void {
    const time = `${((at - this.#startedAt) / 1000).toFixed(3)} s `.padStart(timeWidth);
    const spaces = [webex || " ".repeat(this.#webexWidth - 1), bridge || " ".repeat(bridgeWidth - 1)];
    this.#write(`${this.#paint(colours.dim, time)}│${spaces.join("│")}│${this.#paint(colours.B, phones)}`.trimEnd());
  }

  /** A text on a line with a head, as wide as the space between two parties. */
  #arrow(from: string, toTheRight: boolean, said: string, width: number): string {
    const label = fitted(said, width - 8);
    const shaft = "─".repeat(width - 5 - label.length);
    const isRefusal = /Result=-?[1-9]|refused/.test(said);
    const colour = isRefusal ? colours.refused : colours[from as keyof typeof colours];
    return this.#paint(colour, toTheRight ? ` ${label} ${shaft}▶ ` : ` ◀${shaft} ${label} `);
  }

  #paint(code: number, text: string): string {
    return this.#coloured ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

/** Whole words only. */
function fitted(text: string, width: number): string {
  if (text.length <= width) return text;
  const cut = text.slice(0, width - 1);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), width / 2))}…`;
}
