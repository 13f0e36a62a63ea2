/** Who takes part, from left to right. */
const lanes = ["WebEx", "Adapter", "Bridge"] as const;
export type Lane = (typeof lanes)[number];

const laneWidth = 48;
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
    const heads = lanes.map((lane) => this.paint(colours[lane], lane.padEnd(laneWidth)));
    this.write(" ".repeat(timeWidth) + heads.join("").trimEnd());
  }

  /** An arrow from one party to its neighbour, with a text on it. */
  arrow(from: Lane, to: Lane, text: string, at = Date.now()): void {
    const [sender, receiver] = [lanes.indexOf(from), lanes.indexOf(to)];
    const label = text.slice(0, laneWidth - 8);
    const line = "─".repeat(laneWidth - 5 - label.length);
    const drawn = this.paint(colours[from], sender < receiver ? ` ${label} ${line}▶ ` : ` ◀${line} ${label} `);
    this.draw(at, Math.min(sender, receiver), `│${drawn}`, "│");
  }

  /** Something that happens at the telephones. */
  event(text: string, at = Date.now()): void {
    this.draw(at, lanes.length - 2, `│${this.paint(colours.Bridge, `${text} `.padStart(laneWidth - 1))}`, "●");
  }

  /** Fills the space to the right of one party's line; the other lines go straight down. */
  private draw(at: number, lane: number, space: string, next: string): void {
    const seconds = ((at - this.startedAt) / 1000).toFixed(3);
    const straight = `│${" ".repeat(laneWidth - 1)}`;
    const spaces = lanes.map((_, other) =>
      other === lane ? space : other === lane + 1 ? straight.replace("│", next) : straight,
    );
    this.write(this.paint(2, `${seconds} s `.padStart(timeWidth)) + spaces.join("").trimEnd());
  }

  private paint(code: number, text: string): string {
    return this.coloured ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
