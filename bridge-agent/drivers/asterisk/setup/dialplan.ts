/** Where a call to a number gets by a dialplan, as far as its text shows that. */
export type Way =
  /** To this application of Stasis, which gets the number. */
  | { readonly to: "application"; readonly name: string }
  /** The context has nothing for the number. */
  | { readonly to: "nowhere" }
  /** The call ends here, or reaches no agent. */
  | { readonly to: "end"; readonly at: string }
  /** Here it could go anywhere: the text alone does not say. */
  | { readonly to: "unknown"; readonly at: string };

interface Extension {
  readonly pattern: string;
  readonly steps: Map<number, string>;
  readonly labels: Map<string, number>;
}

interface Context {
  readonly extensions: Map<string, Extension>;
  /** What other contexts it has beside its own extensions. */
  others: string | null;
  /** A line that is not understood here. */
  unclear: string | null;
}

/** A loop goes round no longer. */
const MAX_STEPS = 100;
/** Applications behind which the call goes on with the next step, and those that end it. */
const goingOn = "answer log noop playback progress ringing set verbose wait".split(" ");
const ending = ["busy", "congestion", "hangup"];
const patternSigns: Readonly<Record<string, string>> = {
  X: "\\d",
  Z: "[1-9]",
  N: "[2-9]",
  ".": ".+",
  "!": ".*",
  "-": "",
};

/** A dialplan as it stands in extensions.conf: what is simple there is followed, and all else is `unknown`. */
export class Dialplan {
  readonly #contexts = new Map<string, Context>();
  /** A line that may bring anything into any context. */
  #unclear: string | null = null;

  constructor(text: string) {
    this.#read(text);
  }

  /** What a context has: numbers, and patterns of them. */
  patternsIn(context: string): readonly string[] {
    return [...(this.#contexts.get(context)?.extensions.keys() ?? [])];
  }

  wayOf(number: string, context: string): Way {
    return this.#follow({ number, context, priority: 1, args: [] }, number, MAX_STEPS);
  }

  #read(text: string): void {
    const templates = new Set<string>();
    let context: Context | null = null;
    let extension: Extension | null = null;
    let priority = 0;
    for (const line of this.#withoutComments(text)) {
      const [, section, options] = /^\[([^\]]*)\](?:\((.*)\))?$/.exec(line) ?? [];
      if (section !== undefined) {
        if (options?.includes("!")) templates.add(section);
        context = templates.has(section) ? null : this.#contextOf(section);
        if (context && options && options !== "+") context.unclear ??= line;
        extension = null;
        continue;
      }
      if (line.startsWith("#")) this.#unclear ??= line;
      if (!context) continue;
      if (/^(include|[el]?switch)\b/.test(line)) context.others ??= line;
      const [, keyword, rest = ""] = /^(exten|same)\s*=>?\s*(.*)$/.exec(line) ?? [];
      if (keyword === undefined) continue;
      const [, pattern] = keyword === "exten" ? (/^\s*([^,]*?)\s*,/.exec(rest) ?? []) : [];
      if (pattern !== undefined) extension = extensionOf(context, pattern);
      const step = keyword === "exten" ? rest.slice(rest.indexOf(",") + 1) : rest;
      const [, which, label, does] = /^\s*(\d+|n|s|hint)\s*(?:\(([^)]*)\))?\s*,\s*(.*)$/.exec(step) ?? [];
      if (which === "hint") continue; // No call gets there.
      if (!extension || does === undefined || !isPattern(extension.pattern)) {
        context.unclear ??= line;
        continue;
      }
      priority = which === "n" ? priority + 1 : which === "s" ? priority : Number(which);
      context.extensions.set(extension.pattern, extension);
      // The first one counts.
      if (!extension.steps.has(priority)) extension.steps.set(priority, does);
      if (label !== undefined) extension.labels.set(label, priority);
    }
  }

  #withoutComments(text: string): readonly string[] {
    const without = text.replaceAll(/\\;|;--(?!-)[\s\S]*?(?:--;|$)|;.*/g, (comment) => {
      if (comment === "\\;") return ";";
      if (comment.startsWith(";--") && comment.includes(";--", 1)) this.#unclear ??= "a comment within a comment";
      return "";
    });
    return without.split("\n").flatMap((line) => line.trim() || []);
  }

  #contextOf(name: string): Context {
    const context = this.#contexts.get(name) ?? { extensions: new Map(), others: null, unclear: null };
    this.#contexts.set(name, context);
    return context;
  }

  #follow(place: Place, dialled: string, steps: number): Way {
    const { number, priority } = place;
    const context = this.#contexts.get(place.context);
    const unclear = this.#unclear ?? context?.unclear;
    if (unclear) return { to: "unknown", at: unclear };
    if (!context) return { to: "unknown", at: `[${place.context}], which is not there` };
    const { extensions, others } = context;
    const own = extensions.get(number);
    const found = own ? [own] : [...extensions.values()].filter(({ pattern }) => matches(pattern, number));
    if (found.length === 0) return others === null ? { to: "nowhere" } : { to: "unknown", at: others };
    const [way, ...more] = found.map((extension) => this.#run(place, extension, priority, dialled, steps));
    const isOne = more.every((each) => JSON.stringify(each) === JSON.stringify(way));
    if (way && isOne) return way;
    return { to: "unknown", at: found.map(({ pattern }) => pattern).join(" beside ") };
  }

  #run(place: Place, extension: Extension, first: number, dialled: string, steps: number): Way {
    let priority = first;
    for (let left = steps; left > 0; left -= 1) {
      const does = extension.steps.get(priority);
      if (does === undefined) return { to: "unknown", at: `${extension.pattern},${priority}, which is not there` };
      const [, application = "", text = ""] = /^(\w+)\s*(?:\((.*)\))?$/.exec(does) ?? [];
      const args = split(text).map((arg) => filledIn(arg, place));
      const kind = application.toLowerCase();
      if (goingOn.includes(kind)) {
        priority += 1;
        continue;
      }
      if (ending.includes(kind)) return { to: "end", at: does };
      if (kind === "stasis") {
        const [name = "", how, number] = args;
        if ([name, how, number].some((arg) => arg?.includes("$"))) return { to: "unknown", at: does };
        return how === "in" && number === dialled ? { to: "application", name } : { to: "end", at: does };
      }
      const next = kind === "gosub" || kind === "goto" ? placeAfter(args, place, extension, kind === "gosub") : null;
      if (next === null) return { to: "unknown", at: does };
      const way = this.#follow(next, dialled, left - 1);
      return way.to === "nowhere" ? { to: "unknown", at: `${does}, which is not there` } : way;
    }
    return { to: "unknown", at: `${extension.pattern}, which goes round` };
  }
}

interface Place {
  readonly context: string;
  /** `${EXTEN}`. */
  readonly number: string;
  readonly priority: number;
  /** `${ARG1}` and so on. */
  readonly args: readonly string[];
}

function extensionOf({ extensions }: Context, pattern: string): Extension {
  return extensions.get(pattern) ?? { pattern, steps: new Map(), labels: new Map() };
}

/** Neither made of variables, nor for callers of some numbers alone. */
function isPattern(text: string): boolean {
  return text !== "" && !/[$/"\s]/.test(text) && expressionOf(text) !== null;
}

/** At the commas that are in no parentheses. */
function split(text: string): readonly string[] {
  const parts = [""];
  let depth = 0;
  for (const sign of text) {
    if ("([{".includes(sign)) depth += 1;
    if (")]}".includes(sign)) depth -= 1;
    if (sign === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += sign;
  }
  return parts.map((part) => part.trim());
}

function filledIn(text: string, { number, args }: Place): string {
  return text
    .replaceAll(/\$\{EXTEN\}/g, number)
    .replaceAll(/\$\{ARG(\d)\}/g, (_, index: string) => args[Number(index) - 1] ?? "");
}

/** `null`: it depends on what is not known here. */
function placeAfter(args: readonly string[], before: Place, { labels }: Extension, isGosub: boolean): Place | null {
  const last = args.at(-1) ?? "";
  const [, target = "", given] = /^([^()]*)(?:\((.*)\))?$/.exec(last) ?? [];
  const [number = before.number, context = before.context] = args.slice(0, -1).reverse();
  const isHere = args.length === 1;
  const priority = /^\d+$/.test(target) ? Number(target) : isHere ? labels.get(target) : undefined;
  if (priority === undefined || `${context}${number}`.includes("$")) return null;
  return { context, number, priority, args: isGosub ? split(given ?? "") : before.args };
}

/** As Asterisk's dialplan matches: X is 0 to 9, Z 1 to 9, N 2 to 9, `.` one sign or more, `!` any. */
function matches(pattern: string, number: string): boolean {
  return expressionOf(pattern)?.test(number) ?? false;
}

function expressionOf(pattern: string): RegExp | null {
  const literal = (text: string) => `\\u{${text.charCodeAt(0).toString(16)}}`;
  const parts = pattern.startsWith("_") ? (pattern.slice(1).match(/\[[^\]]*\]|./g) ?? []) : null;
  const signs = parts?.map((part) => patternSigns[part.toUpperCase()] ?? (part.length > 1 ? part : literal(part)));
  try {
    return new RegExp(`^${(signs ?? [...pattern].map(literal)).join("")}$`, "u");
  } catch {
    return null;
  }
}

/** A number that a pattern fits. */
export function exampleOf(pattern: string): string {
  if (!pattern.startsWith("_")) return pattern;
  return pattern
    .slice(1)
    .replaceAll(/\[(.)[^\]]*\]/g, "$1")
    .replaceAll(/[xzn.]/gi, "5")
    .replaceAll(/[!-]/g, "");
}
