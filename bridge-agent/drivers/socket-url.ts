import * as v from "valibot";

/** An address that a person wrote, of the edge or of a bridge. */
export const socketUrl = v.pipe(
  v.string(),
  v.check(isSocketUrl, "must be a ws:// or wss:// address without user, password and #"),
);

/** No WebSocket is opened to an address with a fragment. Neither edge nor bridge asks for a password, and addresses stand in logs. */
export function isSocketUrl(text: string): boolean {
  return /^wss?:\/\/[^/]/.test(text) && !/#|\/\/[^/?]*@/.test(text) && URL.canParse(text);
}
