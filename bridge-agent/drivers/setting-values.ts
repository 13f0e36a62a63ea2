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

/** An object with these settings and no others. Valibot's own one takes a list where none of them must be there. */
export function strictObject<Entries extends v.ObjectEntries>(entries: Entries) {
  const schema = v.strictObject(entries);
  const isNoList = v.custom<v.InferInput<typeof schema>>((value) => !Array.isArray(value), "must be an object");
  return v.pipe(isNoList, schema);
}
