/** Parses JSON. The error of any other text says where its mistake is, and repeats nothing of it: it may hold secrets. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const at = placeOfMistake(text);
    const place = placeIn(text.slice(0, at));
    throw new SyntaxError(at === text.length ? `it ends too early, at ${place}` : `a mistake at ${place}`);
  }
}

/**
 * Parses JSON with `//` comments. Throws as `parseJson` does, and for a duplicate name in an object, because one of the values would
 * be lost.
 */
export function parseCommentedJson(text: string): unknown {
  const json = text.replace(/("(?:[^"\\\n]|\\.)*")|\/\/[^\n]*/g, (_, literal: string | undefined) => literal ?? "");
  const value = parseJson(json);
  placeOfMistake(json, (at) => {
    throw new SyntaxError(`a duplicate name at ${placeIn(json.slice(0, at))}`);
  });
  return value;
}

/** The line and column after this text. */
export function placeIn(before: string): string {
  const lines = before.split("\n");
  return `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
}

/** A blank, a bracket, comma or colon, or a value that is no list and no object. */
const part =
  /[ \t\r\n]+|[{}[\],:]|"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/** Where the first part begins that cannot stand there; the text's length: it is whole as far as it goes. `twice`: told where a name comes again. */
function placeOfMistake(text: string, twice: (at: number) => void = () => {}): number {
  const open: string[] = [];
  const names: Set<unknown>[] = [];
  let may: "value" | "value or ]" | "name" | "name or }" | ":" | "," | "end" = "value";
  for (let at = 0; at < text.length; at = part.lastIndex) {
    part.lastIndex = at;
    const [found] = part.exec(text) ?? [];
    if (found === undefined) return at;
    if (found.trim() === "") continue;
    const behindValue = () => (open.length === 0 ? "end" : ",");
    if (found === "}" || found === "]") {
      const mayEnd = may === "," || may === (found === "}" ? "name or }" : "value or ]");
      if (!mayEnd || open.pop() !== found) return at;
      names.pop();
      may = behindValue();
    } else if (found === ",") {
      if (may !== ",") return at;
      may = open.at(-1) === "}" ? "name" : "value";
    } else if (found === ":") {
      if (may !== ":") return at;
      may = "value";
    } else if (may === "name" || may === "name or }") {
      if (!found.startsWith('"')) return at;
      const [name, known] = [JSON.parse(found), names.at(-1)];
      if (known?.has(name)) twice(at);
      known?.add(name);
      may = ":";
    } else if (may === "value" || may === "value or ]") {
      if (found === "{" || found === "[") {
        open.push(found === "{" ? "}" : "]");
        names.push(new Set());
      }
      may = found === "{" ? "name or }" : found === "[" ? "value or ]" : behindValue();
    } else return at;
  }
  return text.length;
}
