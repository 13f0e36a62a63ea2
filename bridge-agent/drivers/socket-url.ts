import * as v from "valibot";

/** An address that a person wrote, of the edge or of a bridge. */
export const socketUrl = v.pipe(v.string(), v.check(isSocketUrl, "must be a ws:// or wss:// address"));

export function isSocketUrl(text: string): boolean {
  return /^wss?:\/\/[^/]/.test(text) && URL.canParse(text);
}
