import * as v from "valibot";

/** An object with these settings and no others. Valibot's own one takes a list where none of them must be there. */
export function strictObject<Entries extends v.ObjectEntries>(entries: Entries) {
  const schema = v.strictObject(entries);
  const isNoList = v.custom<v.InferInput<typeof schema>>((value) => !Array.isArray(value), "must be an object");
  return v.pipe(isNoList, schema);
}
