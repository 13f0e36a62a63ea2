/** Parses JSON in which `//` outside of texts begins a comment, up to the end of its line; a byte order mark in front is skipped. Throws as `JSON.parse` does. */
export function parseCommentedJson(text: string): unknown {
  return JSON.parse(
    text
      .replace(/^\ufeff/, "")
      .replace(/("(?:[^"\\\n]|\\.)*")|\/\/[^\n]*/g, (_, literal: string | undefined) => literal ?? ""),
  );
}
