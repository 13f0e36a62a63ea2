/** A record as an export gives it: one whole line, and its place. */
export interface RecordLine {
  /** Without the end of the line. A table's may have line breaks within quotes. */
  readonly text: string;
  /** `null`: the names of a table's columns. */
  readonly cursor: string | null;
}

/** Takes an export apart as it comes, in pieces that end anywhere. What is not whole yet waits for the next piece. */
export class RecordLines {
  readonly #isTable: boolean;
  #rest = "";
  #hasNames = false;

  constructor(format: "csv" | "ndjson") {
    this.#isTable = format === "csv";
  }

  read(piece: string): readonly RecordLine[] {
    const lines: RecordLine[] = [];
    const parts = (this.#rest + piece).split("\n");
    let open = "";
    for (const part of parts.slice(0, -1)) {
      open += part;
      // Each quotation mark within quotes stands there twice.
      if (this.#isTable && open.split('"').length % 2 === 0) open += "\n";
      else {
        lines.push(this.#line(open));
        open = "";
      }
    }
    this.#rest = open + parts.at(-1);
    return lines;
  }

  #line(text: string): RecordLine {
    if (!this.#isTable) return { text, cursor: (JSON.parse(text) as { readonly cursor: string }).cursor };
    const whole = text.replace(/\r$/, "");
    if (this.#hasNames) return { text: whole, cursor: whole.slice(0, whole.indexOf(",")) };
    this.#hasNames = true;
    return { text: whole, cursor: null };
  }
}
