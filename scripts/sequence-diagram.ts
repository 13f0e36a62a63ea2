/** Who takes part, from left to right. */
const lanes = ["WebEx", "Adapter", "Bridge"] as const;
export type Lane = (typeof lanes)[number];

const laneWidth = 52;
const timeWidth = 9;
const colours = { WebEx: 36, Adapter: 35, Bridge: 33 } as const;

/** Prints messages between the parties as they happen, one line each, with the seconds since the start. */
export class SequenceDiagram {
  private readonly startedAt = Date.now();
  private readonly write: (line: string) => void;
  private readonly coloured: boolean;

  constructor(write: (line: string) => void, coloured: boolean) {
    this.write = write;
    this.coloured = coloured;
    this.write(
      " ".repeat(timeWidth) +
        lanes
          .map((lane) => this.paint(lane, lane.padEnd(laneWidth)))
          .join("")
          .trimEnd(),
    );
  }

  /** `text` over an arrow from one party to its neighbour, or beside a party that does something by itself. */
  draw(from: Lane, to: Lane, text: string, at = Date.now()): void {
    const time = `${((at - this.startedAt) / 1000).toFixed(3)} s `.padStart(timeWidth);
    const [left, right] = [lanes.indexOf(from), lanes.indexOf(to)].sort((a, b) => a - b) as [number, number];
    const before = lanes.map((_, lane) => (lane < left ? `│${" ".repeat(laneWidth - 1)}` : "")).join("");
    const after = lanes
      .map((_, lane) => (lane >= right && left !== right ? `│${" ".repeat(laneWidth - 1)}` : ""))
      .join("");
    const middle = left === right ? `● ${text}` : this.arrow(from, left === lanes.indexOf(from), text);
    this.write(`${this.dim(time)}${before}${left === right ? this.paint(from, middle) : middle}${after.trimEnd()}`);
  }

  private arrow(from: Lane, rightwards: boolean, text: string): string {
    const room = laneWidth - 4;
    const label = text.length > room - 4 ? `${text.slice(0, room - 5)}…` : text;
    const line = "─".repeat(Math.max(0, room - label.length - 2));
    return `│${this.paint(from, rightwards ? ` ${label} ${line}▶ ` : ` ◀${line} ${label} `)}`;
  }

  private paint(lane: Lane, text: string): string {
    return this.coloured ? `\u001b[${colours[lane]}m${text}\u001b[0m` : text;
  }

  private dim(text: string): string {
    return this.coloured ? `\u001b[2m${text}\u001b[0m` : text;
  }
}
