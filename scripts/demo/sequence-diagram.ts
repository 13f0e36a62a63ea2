/** Who takes part, from left to right. */
const lanes = ["WebEx", "Adapter", "Bridge"] as const;
export type Lane = (typeof lanes)[number];

/** To the right of each party's line. */
const widths = { WebEx: 72, Adapter: 34, Bridge: 8 } as const;
const timeWidth = 10;
const colours = { WebEx: 36, Adapter: 35, Bridge: 33 } as const;

/** Prints messages between the parties as they happen, one line each, with the seconds since the start. */
export class SequenceDiagram {
  private readonly startedAt = Date.now();
  private readonly write: (line: string) => void;
  private readonly coloured: boolean;

  constructor(write: (line: string) => void, coloured: boolean) {
    this.write = write;
    this.coloured = coloured;
    const heads = lanes.map((lane) => this.paint(colours[lane], lane.padEnd(widths[lane])));
    this.write(" ".repeat(timeWidth) + heads.join("").trimEnd());
  }

  /** An arrow from one party to its neighbour, with a text on it. */
  arrow(from: Lane, to: Lane, text: string, at = Date.now()): void {
    const toTheRight = lanes.indexOf(from) < lanes.indexOf(to);
    const left = toTheRight ? from : to;
    const label = text.slice(0, widths[left] - 8);
    const line = "─".repeat(widths[left] - 5 - label.length);
    this.draw(at, left, this.paint(colours[from], toTheRight ? ` ${label} ${line}▶ ` : ` ◀${line} ${label} `));
  }

  /** Something that happens at the telephones. */
  event(text: string, at = Date.now()): void {
    const width = widths.WebEx + widths.Adapter - 2;
    const space = this.paint(colours.Bridge, `${text.slice(0, width - 2)} `.padStart(width));
    this.write(`${this.time(at)}│${space} ●`);
  }

  /** Fills the space to the right of one party's line; the other lines go straight down. */
  private draw(at: number, left: Lane, drawn: string): void {
    const spaces = lanes.map((lane) => `│${lane === left ? drawn : " ".repeat(widths[lane] - 1)}`);
    this.write(this.time(at) + spaces.join("").trimEnd());
  }

  private time(at: number): string {
    const seconds = ((at - this.startedAt) / 1000).toFixed(3);
    return this.paint(2, `${seconds} s `.padStart(timeWidth));
  }

  private paint(code: number, text: string): string {
    return this.coloured ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
