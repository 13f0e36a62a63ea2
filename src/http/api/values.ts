import * as v from "valibot";

/** As all times are told. */
export const time = v.pipe(v.number(), v.description("Milliseconds since 1970-01-01T00:00Z."));

export const confKey = v.pipe(v.string(), v.description("The ConfKey: WebEx's meeting number, which callers key."));
