import * as v from "valibot";

/**
 * Who may read a value. `open`: all who may read the conference. `personal`: those who may read numbers and names of people.
 */
type Shown = "open" | "personal";

function mark(shown: Shown) {
  return <Schema extends v.GenericSchema>(schema: Schema) => v.pipe(schema, v.metadata({ shown }));
}

export const open = mark("open");
export const personal = mark("personal");
