import { AGAIN_MS, MOST_ATTEMPTS, NoAnswer } from "../edge/edge-api.ts";
import { StartError } from "../edge/program.ts";
import type { OperatorClient, Search } from "./operator-client.ts";

/** A record as an export has it: one complete line, and its cursor. */
interface RecordLine {
  /** Without its line end. A line of CSV may have line breaks within quotes. */
  readonly text: string;
  /** `null`: the names of the columns. */
  readonly cursor: string | null;
}

/** Splits an export into lines as it arrives. An incomplete line waits for the next piece. */
export class RecordLines {
  readonly #isCsv: boolean;
  #rest = "";
  #hasNames = false;

  constructor(format: "csv" | "ndjson") {
    this.#isCsv = format === "csv";
  }

  read(piece: string): readonly RecordLine[] {
    const lines: RecordLine[] = [];
    const parts = (this.#rest + piece).split("\n");
    let open = "";
    for (const part of parts.slice(0, -1)) {
      open += part;
      // Quotation marks are doubled within quotes.
      if (this.#isCsv && open.split('"').length % 2 === 0) open += "\n";
      else {
        lines.push(this.#line(open));
        open = "";
      }
    }
    this.#rest = open + parts.at(-1);
    return lines;
  }

  #line(text: string): RecordLine {
    if (!this.#isCsv) return { text, cursor: (JSON.parse(text) as { readonly cursor: string }).cursor };
    const line = text.replace(/\r$/, "");
    if (this.#hasNames) return { text: line, cursor: line.slice(0, line.indexOf(",")) };
    this.#hasNames = true;
    return { text: line, cursor: null };
  }
}

/** All matching records, the oldest first. An answer that breaks off is continued: no line is missing or repeated. */
export async function* exportRecords(
  edge: OperatorClient,
  domain: string,
  filters: Search & { readonly format: "csv" | "ndjson" },
  after: string | undefined,
  notice: (text: string) => void,
): AsyncGenerator<RecordLine> {
  let cursor = after;
  let isBegun = after !== undefined;
  for (let failures = 0; ; ) {
    const lines = new RecordLines(filters.format);
    try {
      for await (const piece of edge.stream("POST /domains/{domain}/records", { domain }, { ...filters, cursor })) {
        for (const line of lines.read(piece)) {
          // A continued answer repeats the names of the columns.
          if (line.cursor !== null || !isBegun) yield line;
          isBegun = true;
          cursor = line.cursor ?? cursor;
          failures = 0;
        }
      }
      return;
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      failures += 1;
      const where = cursor === undefined ? "nothing arrived yet" : `--after ${cursor} continues`;
      if (failures === MOST_ATTEMPTS) throw new StartError(`${error.message}; the export is incomplete: ${where}`);
      notice(`${error.message}; retrying (${where})`);
      await edge.pause(AGAIN_MS);
    }
  }
}
