/** A change of one place of the sources, by which it is known again as long as that place is as it was. */
export interface Mutant {
  readonly file: string;
  /** The line where it begins. */
  readonly line: string;
  /** What is replaced there, and by what. */
  readonly was: string;
  readonly becomes: string;
}

export interface MutantResult extends Mutant {
  readonly at: number;
  readonly isKilled: boolean;
}

/** What is known of one that survives. */
export interface Verdict extends Mutant {
  /** `none`: nothing that anybody could see changes. `left`: it does change something, and no test shows it. */
  readonly effect: "none" | "left";
  readonly because: string;
}

/** The report of Stryker, as far as it is read here. */
export interface Report {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly source: string;
        readonly mutants: readonly {
          readonly location: { readonly start: Place; readonly end: Place };
          readonly replacement?: string;
          readonly status: string;
        }[];
      }
    >
  >;
}

/** From 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

const judged: Readonly<Record<string, boolean>> = { Killed: true, Timeout: true, Survived: false, NoCoverage: false };

/** Those that were judged; one that cannot run is none. */
export function mutantsIn({ files }: Report): readonly MutantResult[] {
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    return mutants.flatMap(({ location: { start, end }, replacement = "", status }): MutantResult[] => {
      const isKilled = judged[status];
      if (isKilled === undefined) return [];
      const [line = ""] = lines.slice(start.line - 1);
      const was = between(lines, start, end);
      return [{ file, line: line.trim(), was: short(was), becomes: short(replacement), at: start.line, isKilled }];
    });
  });
}

function between(lines: readonly string[], start: Place, end: Place): string {
  const part = lines.slice(start.line - 1, end.line);
  return part
    .map((text, index) =>
      text.slice(index === 0 ? start.column - 1 : 0, index === part.length - 1 ? end.column - 1 : undefined),
    )
    .join(" ");
}

/** In one line, and no longer than a reader needs to find it. */
function short(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

export interface Judged {
  readonly mutants: number;
  readonly killed: number;
  readonly withoutEffect: number;
  /** Without a verdict. */
  readonly unjudged: readonly MutantResult[];
  /** Verdicts on what is not there, or is killed. */
  readonly stale: readonly Verdict[];
}

/** `verdicts`: on these files. */
export function judge(mutants: readonly MutantResult[], verdicts: readonly Verdict[]): Judged {
  const survivors = mutants.filter(({ isKilled }) => !isKilled);
  const known = new Map(verdicts.map((verdict) => [nameOf(verdict), verdict]));
  const names = new Set(survivors.map(nameOf));
  return {
    mutants: mutants.length,
    killed: mutants.length - survivors.length,
    withoutEffect: survivors.filter((one) => known.get(nameOf(one))?.effect === "none").length,
    unjudged: survivors.filter((one) => !known.has(nameOf(one))),
    stale: verdicts.filter((verdict) => !names.has(nameOf(verdict))),
  };
}

function nameOf({ file, line, was, becomes }: Mutant): string {
  return JSON.stringify([file, line, was, becomes]);
}

const leastKilled = 0.95;
const mostWithoutEffect = 0.02;

/** Why a folder that is held does not pass. */
export function faultsOf({ mutants, killed, withoutEffect, unjudged, stale }: Judged): readonly string[] {
  return [
    ...(killed < leastKilled * mutants ? [`fewer than ${100 * leastKilled} % are killed`] : []),
    ...(withoutEffect > mostWithoutEffect * mutants
      ? [`more than ${100 * mostWithoutEffect} % are judged without effect`]
      : []),
    ...(unjudged.length > 0 ? [`${unjudged.length} survive without a verdict`] : []),
    ...(stale.length > 0 ? [`${stale.length} verdicts are on mutants that are not there, or are killed`] : []),
  ];
}
