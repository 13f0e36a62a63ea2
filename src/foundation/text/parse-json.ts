/** Parses JSON. The error of any other text says where its mistake is, and repeats nothing of it: it may hold secrets. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const at = placeOfMistake(text);
    const lines = text.slice(0, at).split("\n");
    const place = `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
    throw new SyntaxError(at === text.length ? `it ends too early, at ${place}` : `a mistake at ${place}`);
  }
}

/** Parses JSON in which `//` outside of texts begins a comment, up to the end of its line; a byte order mark in front is skipped. Throws as `parseJson` does. */
export function parseCommentedJson(text: string): unknown {
  return parseJson(
    text
      .replace(/^\ufeff/, "")
      .replace(/("(?:[^"\\\n]|\\.)*")|\/\/[^\n]*/g, (_, literal: string | undefined) => literal ?? ""),
  );
}

/** A blank, a bracket, comma or colon, or a value that is no list and no object. */
const part =
  /[ \t\r\n]+|[{}[\],:]|"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/** Where the first part begins that cannot stand there; the text's length: it is whole as far as it goes. */
function placeOfMistake(text: string): number {
  const open: string[] = [];
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
      may = behindValue();
    } else if (found === ",") {
      if (may !== ",") return at;
      may = open.at(-1) === "}" ? "name" : "value";
    } else if (found === ":") {
      if (may !== ":") return at;
      may = "value";
    } else if (may === "name" || may === "name or }") {
      if (!found.startsWith('"')) return at;
      may = ":";
    } else if (may === "value" || may === "value or ]") {
      if (found === "{" || found === "[") open.push(found === "{" ? "}" : "]");
      may = found === "{" ? "name or }" : found === "[" ? "value or ]" : behindValue();
    } else return at;
  }
  return text.length;
}
